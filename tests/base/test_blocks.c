/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/blocks.h"

Test(base_blocks, blocks_are_zeroed_aligned_and_apart) {
    static const size_t sizes[] = { 0, 1, 16, 17, 65536, 200000, 3 };
    struct tuff_blocks blocks = { 0 };
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            unsigned char *block = NULL;
            cr_assert_eq(tuff_blocks_allocate(&blocks, sizes[i], 1, &block), TUFF_OK);
            cr_assert_eq((uintptr_t)block % 16, 0);
            for (size_t j = 0; j < sizes[i]; j++)
                cr_assert_eq(block[j], 0);
            memset(block, 0xff, sizes[i]);
        }
    tuff_blocks_free(&blocks);
    tuff_blocks_free(&blocks);
}

Test(base_blocks, copies_end_with_nul) {
    struct tuff_blocks blocks = { 0 };
    tuff_text copy;
    cr_assert_eq(tuff_blocks_copy(&blocks, "abc", 2, &copy), TUFF_OK);
    cr_assert_str_eq(copy.data, "ab");
    cr_assert_eq(copy.length, 2);
    cr_assert_eq(tuff_blocks_copy(&blocks, NULL, 0, &copy), TUFF_OK);
    cr_assert_str_eq(copy.data, "");
    tuff_blocks_free(&blocks);
}

Test(base_blocks, sizes_beyond_memory_are_refused) {
    struct tuff_blocks blocks = { 0 };
    void *block = NULL;
    cr_assert_eq(tuff_blocks_allocate(&blocks, SIZE_MAX, 2, &block), TUFF_HOST_MEMORY);
    cr_assert_eq(tuff_blocks_allocate(&blocks, SIZE_MAX - 3, 1, &block), TUFF_HOST_MEMORY);
    tuff_blocks_free(&blocks);
}
