/* SPDX-License-Identifier: Apache-2.0 */
#include "support/log.h"

#include <stdio.h>
#include <string.h>

static void keep(void *user, tuff_log_level level, const char *message) {
    struct test_log *log = user;
    size_t length = strlen(log->text);
    (void)level;
    if (length + strlen(message) + 2 > sizeof log->text)
        length = 0;
    snprintf(log->text + length, sizeof log->text - length, "%s\n", message);
}

void test_log_init(struct test_log *log) {
    *log = (struct test_log){ .log = { .callback = keep, .user = log, .level = TUFF_LOG_DEBUG } };
}
