/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "support/layer.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdlib.h>

struct tuff_layer *test_layer(void) {
    cr_assert_eq(setenv("XDG_DATA_HOME", TUFF_BINARY_DIR "/layers", 1), 0);
    cr_assert_eq(setenv("TUFF_TEST_LAYER", "1", 1), 0);
    void *library = dlopen(TUFF_BINARY_DIR "/libtuff_test_layer.so", RTLD_NOW);
    cr_assert_not_null(library, "%s", dlerror());
    tuff_layer_function get = (tuff_layer_function)dlsym(library, "tuff_layer");
    cr_assert_not_null(get);
    return get();
}

void test_layer_fail(struct tuff_layer *layer, const char *function, uint64_t at, VkResult result) {
    layer->fail_function = function;
    layer->fail_at = at;
    layer->fail_times = 1;
    layer->fail_every_other = false;
    layer->fail_with = result;
    layer->calls = 0;
    layer->failures = 0;
}

void test_layer_heal(struct tuff_layer *layer) {
    test_layer_fail(layer, NULL, 0, VK_SUCCESS);
}

void test_layer_check_empty(const struct tuff_layer *layer, const char *where) {
    for (uint32_t i = 0; i < layer->kind_count; i++)
        cr_assert_eq(layer->live[i], 0, "%s: %d objects of %s are left", where, (int)layer->live[i],
                     layer->kinds[i]);
}
