/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return fuzz_data(TUFF_DATASET_CSV, data, size);
}
