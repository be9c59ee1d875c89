/* SPDX-License-Identifier: Apache-2.0 */
#include "support/device.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* Messages of the layer while the device closes come after the last chance to count them. */
static unsigned error_count;

static void on_log(void *user, tuff_log_level level, const char *message) {
    (void)user;
    error_count += level == TUFF_LOG_ERROR;
    fprintf(stderr, "%s\n", message);
}

struct tuff_device *test_device_with(const struct tuff_device_options *options) {
    struct tuff_device_options all = *options;
    struct tuff_device *device = NULL;
    char disable[512];
    const char *environment = getenv("TUFF_DISABLE");
    snprintf(disable, sizeof disable, "%s,%s", environment ? environment : "",
             all.disable ? all.disable : "");
    all.device = getenv("TUFF_DEVICE");
    all.disable = disable;
    all.validation = true;
    all.log = (struct tuff_log){ .callback = on_log, .level = TUFF_LOG_WARNING };
    cr_assert_eq(tuff_device_open(&all, &device), TUFF_OK, "%s", tuff_error_message());
    fprintf(stderr, "device: %s, %s\n", device->info.name, device->info.driver);
    if (getenv("TUFF_TEST_AS_GPU") && device->info.type == TUFF_DEVICE_CPU)
        device->info.type = TUFF_DEVICE_DISCRETE;
    return device;
}

struct tuff_device *test_device_without(const char *features) {
    return test_device_with(&(struct tuff_device_options){ .disable = features });
}

struct tuff_device *test_device(void) {
    return test_device_without("");
}

void test_device_close_idle(struct tuff_device *device) {
    cr_assert_eq(tuff_device_message_count(device), 0, "the validation layer said something");
    tuff_device_close(device);
    cr_assert_eq(error_count, 0, "errors were logged");
}

void test_device_close(struct tuff_device *device) {
    cr_assert_gt(device->dispatch_count, 0, "nothing ran on the device");
    test_device_close_idle(device);
}
