/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];

tuff_status(tuff_fail)(tuff_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return status;
}

tuff_status tuff_fail_prefix(tuff_status status, const char *format, ...) {
    char rest[sizeof message];
    char prefix[sizeof message / 2];
    memcpy(rest, message, sizeof rest);
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    /* A sentence that does not fit loses its end. */
    snprintf(message, sizeof message, "%s: %.*s", prefix, (int)(sizeof message - strlen(prefix) - 3), rest);
    return status;
}

const char *tuff_error_message(void) {
    return message;
}

const char *tuff_status_text(tuff_status status) {
    switch (status) {
#define TEXT(name, value, text)                                                                              \
    case TUFF_##name:                                                                                        \
        return text;
        TUFF_STATUS_LIST(TEXT)
#undef TEXT
    }
    return "unknown status";
}
