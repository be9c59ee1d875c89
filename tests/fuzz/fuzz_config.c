/* SPDX-License-Identifier: Apache-2.0 */
/* A config.json of any bytes is refused or read. */
#include "fuzz.h"
#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tuff_config config;
    if (tuff_config_load(fuzz_file("config.json", data, size), &config) == TUFF_OK)
        tuff_config_free(&config);
    return 0;
}
