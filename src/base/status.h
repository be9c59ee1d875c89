/* SPDX-License-Identifier: Apache-2.0 */
/* Every function that can fail returns a tuff_status; the place that fails says what it knows with
 * tuff_fail. The sentence belongs to the calling thread and is overwritten by failures only. */
#ifndef TUFF_BASE_STATUS_H
#define TUFF_BASE_STATUS_H

#include "tuff.h"

#if defined(__GNUC__)
#define TUFF_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define TUFF_PRINTF(format_index, first_index)
#endif

/* Stores the message for tuff_error_message and returns `status`. */
tuff_status tuff_fail(tuff_status status, const char *format, ...) TUFF_PRINTF(2, 3);
#ifdef __clang_analyzer__ /* sees one file at a time: what this returns is no success where it is called */
#define tuff_fail(status, ...) (tuff_fail(status, __VA_ARGS__), (status))
#endif

/* Puts "PREFIX: " before the message of the failure that is being passed on; returns `status`. */
tuff_status tuff_fail_prefix(tuff_status status, const char *format, ...) TUFF_PRINTF(2, 3);

/* Passes a failure on to the caller. */
#define TUFF_TRY(call)                                                                                       \
    do {                                                                                                     \
        tuff_status tuff_try_status_ = (call);                                                               \
        if (tuff_try_status_ != TUFF_OK)                                                                     \
            return tuff_try_status_;                                                                         \
    } while (0)

/* The same where something must be released: assigns `status` and jumps to `done`. */
#define TUFF_TRY_GOTO(call)                                                                                  \
    do {                                                                                                     \
        status = (call);                                                                                     \
        if (status != TUFF_OK)                                                                               \
            goto done;                                                                                       \
    } while (0)

#endif
