/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void tuff_log_write(const struct tuff_log *log, tuff_log_level level, const char *format, ...) {
    if (!log || !log->callback || level > log->level)
        return;
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->callback(log->user, level, line);
}
