/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle's files for tests that see the public header alone. */
#ifndef TESTS_API_ORACLE_H
#define TESTS_API_ORACLE_H

#include "tuff.h"

/* TUFF_ORACLE, by default the folder shared/oracle beside the checkout. */
const char *test_oracle_folder(void);

/* Numbers in an array, and one of them; F32 and F64. */
size_t test_count(const tuff_array *array);
double test_value(const tuff_array *array, size_t index);

/* The arrays whose names begin with "in.", under their names without it. */
tuff_arrays *test_inputs(const tuff_arrays *stored);

#endif
