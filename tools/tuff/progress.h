/* SPDX-License-Identifier: Apache-2.0 */
/* One bar on stderr, drawn only where stderr is a terminal and the work has taken a second already. */
#ifndef TUFF_PROGRESS_H
#define TUFF_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* `total` of 0: unknown, a count is shown. `noun` names what is counted ("texts") and must stay valid. */
void progress_start(const char *noun, size_t total, bool quiet);
void progress_show(size_t done);

/* Clears the bar's line so that something else can be printed; the next progress_show draws it anew. */
void progress_wipe(void);
void progress_stop(void);

#endif
