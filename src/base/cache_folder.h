/* SPDX-License-Identifier: Apache-2.0 */
/* Where a user's programs keep what they can make again. */
#ifndef TUFF_BASE_CACHE_FOLDER_H
#define TUFF_BASE_CACHE_FOLDER_H

#include "base/status.h"

/* "$XDG_CACHE_HOME/tuff", else "$HOME/.cache/tuff", in a block of its own; NULL where neither variable has an
 * absolute path. On Windows LOCALAPPDATA and USERPROFILE stand for the two. Nothing is created. */
tuff_status tuff_cache_folder(char **out_folder);

#endif
