/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, failures, the log, memory, texts: what every part needs. Part of tuff.h. */
#ifndef TUFF_BASE_H
#define TUFF_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TUFF_VERSION_MAJOR 0
#define TUFF_VERSION_MINOR 1
#define TUFF_VERSION_PATCH 0

#if defined(_WIN32) && defined(TUFF_SHARED)
#ifdef TUFF_BUILDING
#define TUFF_API __declspec(dllexport)
#else
#define TUFF_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define TUFF_API __attribute__((visibility("default")))
#else
#define TUFF_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TUFF_STATUS_LIST(X)                                                                                  \
    X(OK, 0, "success")                                                                                      \
    X(ARGUMENT, 1, "invalid argument")                                                                       \
    X(HOST_MEMORY, 2, "out of host memory")                                                                  \
    X(DEVICE_MEMORY, 3, "out of device memory")                                                              \
    X(NO_DEVICE, 4, "no usable Vulkan device")                                                               \
    X(DEVICE_LOST, 5, "the device was lost")                                                                 \
    X(UNSUPPORTED, 6, "not supported")                                                                       \
    X(IO, 7, "input or output failed")                                                                       \
    X(FORMAT, 8, "malformed file")                                                                           \
    X(NOT_FINITE, 9, "a result is not finite")                                                               \
    X(CANCELLED, 10, "cancelled")

typedef enum tuff_status {
#define TUFF_STATUS_ENUM(name, value, text) TUFF_##name = value,
    TUFF_STATUS_LIST(TUFF_STATUS_ENUM)
#undef TUFF_STATUS_ENUM
} tuff_status;

/* The sentence of the calling thread's last failure: what went wrong, with what, and what to try. Never NULL;
 * valid until the thread's next failure. */
TUFF_API const char *tuff_error_message(void);

/* A few words for a status. Never NULL. Any thread. */
TUFF_API const char *tuff_status_text(tuff_status status);

/* "0.1.0". Any thread. */
TUFF_API const char *tuff_version(void);

typedef enum tuff_log_level {
    TUFF_LOG_ERROR = 0,
    TUFF_LOG_WARNING = 1,
    TUFF_LOG_INFO = 2,
    TUFF_LOG_DEBUG = 3
} tuff_log_level;

/* One line without a newline; `message` is valid during the call. May come from several threads at once. */
typedef void (*tuff_log_callback)(void *user, tuff_log_level level, const char *message);

/* Both functions or neither. They may be called from any thread. allocate returns memory aligned for any
 * type, or NULL. Copied when given; the functions must stay valid until the last handle is gone. */
typedef struct tuff_allocator {
    void *(*allocate)(void *user, size_t size);
    void (*release)(void *user, void *pointer);
    void *user;
} tuff_allocator;

/* UTF-8, not necessarily NUL-terminated. */
typedef struct tuff_text {
    const char *data;
    size_t length; /* bytes */
} tuff_text;

/* Said now and then during long work, from the calling thread. Returning false cancels: the call returns
 * TUFF_CANCELLED after what is in flight. */
typedef bool (*tuff_progress_callback)(void *user, size_t done, size_t total);

#ifdef __cplusplus
}
#endif

#endif
