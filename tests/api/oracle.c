/* SPDX-License-Identifier: Apache-2.0 */
#include "api/oracle.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

const char *test_oracle_folder(void) {
    const char *folder = getenv("TUFF_ORACLE");
    return folder ? folder : TUFF_SOURCE_DIR "/../shared/oracle";
}

size_t test_count(const tuff_array *array) {
    size_t count = 1;
    for (size_t i = 0; i < array->rank; i++)
        count *= array->shape[i];
    return count;
}

double test_value(const tuff_array *array, size_t index) {
    if (array->dtype == TUFF_F64)
        return ((const double *)array->data)[index];
    return ((const float *)array->data)[index];
}

tuff_arrays *test_inputs(const tuff_arrays *stored) {
    tuff_arrays *inputs = NULL;
    cr_assert_eq(tuff_arrays_create(NULL, &inputs), TUFF_OK);
    for (size_t i = 0; i < tuff_arrays_count(stored); i++) {
        tuff_array array = *tuff_arrays_get(stored, i);
        if (strncmp(array.name, "in.", 3) != 0)
            continue;
        array.name += 3;
        cr_assert_eq(tuff_arrays_add(inputs, &array), TUFF_OK);
    }
    return inputs;
}
