/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "model/arrays.h"
#include "support/folder.h"

static tuff_array array(const char *name, tuff_dtype dtype, size_t rows, size_t cols, const void *data) {
    return (tuff_array){ .name = name, .dtype = dtype, .rank = 2, .shape = { rows, cols }, .data = data };
}

Test(model_arrays, what_is_saved_is_loaded_again) {
    char folder[TEST_PATH_SIZE];
    tuff_arrays *arrays = NULL;
    tuff_arrays *again = NULL;
    test_folder_make(folder);
    const tuff_array rows[] = {
        array("half", TUFF_F16, 1, 3, (uint16_t[]){ 1, 2, 3 }),
        array("loss \"\\\n\xc3\xa4", TUFF_F32, 2, 2, (float[]){ 1, 2, 3, 4 }),
        array("ids", TUFF_I64, 1, 2, (int64_t[]){ -1, INT64_MAX }),
        array("empty", TUFF_F64, 0, 5, NULL),
        { .name = "scalar", .dtype = TUFF_I32, .rank = 0, .data = (int32_t[]){ 7 } },
        array("brain", TUFF_BF16, 1, 1, (uint16_t[]){ 9 }),
    };
    const size_t sizes[] = { 6, 16, 16, 0, 4, 2 };
    const size_t count = sizeof rows / sizeof *rows;
    cr_assert_eq(tuff_arrays_create(NULL, &arrays), TUFF_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(tuff_arrays_add(arrays, &rows[i]), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_arrays_save(arrays, test_path(folder, "x.safetensors")), TUFF_OK, "%s",
                 tuff_error_message());
    cr_assert_eq(tuff_arrays_load(test_path(folder, "x.safetensors"), NULL, &again), TUFF_OK, "%s",
                 tuff_error_message());
    cr_expect_eq(tuff_arrays_count(again), count);
    for (size_t i = 0; i < count; i++) {
        const tuff_array *found = tuff_arrays_find(again, rows[i].name);
        cr_assert(found, "%s", rows[i].name);
        cr_expect_eq(found->dtype, rows[i].dtype);
        cr_expect_eq(found->rank, rows[i].rank);
        cr_expect_eq(memcmp(found->shape, rows[i].shape, rows[i].rank * sizeof(size_t)), 0);
        cr_expect(sizes[i] == 0 || memcmp(found->data, rows[i].data, sizes[i]) == 0, "%s", rows[i].name);
    }
    tuff_arrays_free(again);
    tuff_arrays_free(arrays);
    test_folder_remove(folder);
}

Test(model_arrays, wrong_arrays_are_refused) {
    tuff_arrays *arrays = NULL;
    const float data[1] = { 0 };
    cr_assert_eq(tuff_arrays_create(NULL, &arrays), TUFF_OK);
    const tuff_array good = array("a", TUFF_F32, 1, 1, data);
    const tuff_array without_type = array("b", TUFF_DTYPE_AUTO, 1, 1, data);
    const tuff_array without_data = array("b", TUFF_F32, 1, 1, NULL);
    const tuff_array huge = array("b", TUFF_F32, SIZE_MAX / 2, 3, data);
    const tuff_array deep = { .name = "b", .dtype = TUFF_F32, .rank = 9, .data = data };
    cr_expect_eq(tuff_arrays_add(arrays, &good), TUFF_OK);
    cr_expect_eq(tuff_arrays_add(arrays, &good), TUFF_ARGUMENT);
    cr_expect_eq(tuff_arrays_add(arrays, &without_type), TUFF_ARGUMENT);
    cr_expect_eq(tuff_arrays_add(arrays, &without_data), TUFF_ARGUMENT);
    cr_expect_eq(tuff_arrays_add(arrays, &huge), TUFF_ARGUMENT);
    cr_expect_eq(tuff_arrays_add(arrays, &deep), TUFF_ARGUMENT);
    cr_expect_eq(tuff_arrays_add(arrays, NULL), TUFF_ARGUMENT);
    cr_expect_eq(tuff_arrays_count(arrays), 1);
    cr_expect_null(tuff_arrays_find(arrays, "b"));
    cr_expect_null(tuff_arrays_get(arrays, 1));
    tuff_arrays_free(arrays);
}

Test(model_arrays, names_that_no_file_can_hold_are_refused) {
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    const char *names[] = { "__metadata__", "\xff" };
    for (size_t i = 0; i < 2; i++) {
        tuff_arrays *arrays = NULL;
        const tuff_array one = array(names[i], TUFF_F32, 0, 0, NULL);
        cr_assert_eq(tuff_arrays_create(NULL, &arrays), TUFF_OK);
        cr_assert_eq(tuff_arrays_add(arrays, &one), TUFF_OK);
        cr_expect_eq(tuff_arrays_save(arrays, test_path(folder, "x.safetensors")), TUFF_ARGUMENT);
        tuff_arrays_free(arrays);
    }
    test_folder_remove(folder);
}
