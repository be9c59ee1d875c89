/* SPDX-License-Identifier: Apache-2.0 */
/* A log that keeps what it is told, to be looked at by tests. */
#ifndef TUFF_TESTS_SUPPORT_LOG_H
#define TUFF_TESTS_SUPPORT_LOG_H

#include "base/log.h"

struct test_log {
    struct tuff_log log;
    char text[4096]; /* lines, the last ones where there are too many */
};

/* `log` must stay where it is. */
void test_log_init(struct test_log *log);

#endif
