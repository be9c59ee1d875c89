/* SPDX-License-Identifier: Apache-2.0 */
/* Where a model is: a folder, or the name of a repository in the local Hugging Face cache. Nothing is
 * downloaded. */
#ifndef TUFF_MODEL_HUB_H
#define TUFF_MODEL_HUB_H

#include "base/status.h"

/* `path`: an existing folder, as it is; else "user/name", or a bare name ("bert-base-uncased", or one of
 * sentence-transformers: "all-MiniLM-L6-v2"), looked for in the cache that HF_HUB_CACHE, HF_HOME,
 * XDG_CACHE_HOME or HOME give, the first that is set. TUFF_IO says what was looked for. The caller frees
 * *out_folder. */
tuff_status tuff_hub_resolve(const char *path, char **out_folder);

#endif
