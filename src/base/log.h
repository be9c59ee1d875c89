/* SPDX-License-Identifier: Apache-2.0 */
/* Messages go to the callback of the handle they concern; the library itself never prints. */
#ifndef TUFF_BASE_LOG_H
#define TUFF_BASE_LOG_H

#include "base/status.h"

struct tuff_log {
    tuff_log_callback callback; /* NULL: silent */
    void *user;
    tuff_log_level level; /* messages above it are not formatted */
};

/* `log` may be NULL. One line without a newline. */
void tuff_log_write(const struct tuff_log *log, tuff_log_level level, const char *format, ...)
    TUFF_PRINTF(3, 4);

#endif
