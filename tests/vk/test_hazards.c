/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdint.h>

#include "vk/hazards.h"

static struct tuff_access access_of(uintptr_t buffer, uint64_t start, uint64_t end, bool is_write) {
    return (
        struct tuff_access){ .buffer = (VkBuffer)buffer, .start = start, .end = end, .is_write = is_write };
}

/* After a write of buffer 1, [100, 200), and a read of buffer 1, [300, 400). */
Test(vk_hazards, only_ranges_that_overlap_meet) {
    static const struct {
        uintptr_t buffer;
        uint64_t start, end;
        bool is_write, meets;
    } rows[] = {
        { 1, 150, 160, false, true },  /* reads what was written */
        { 1, 0, 101, false, true },    /* its first byte */
        { 1, 199, 300, false, true },  /* its last byte */
        { 1, 0, 100, true, false },    /* ends where it starts */
        { 1, 200, 300, true, false },  /* starts where it ends */
        { 1, 150, 160, true, true },   /* writes what was written */
        { 1, 300, 400, false, false }, /* reads what was read */
        { 1, 399, 500, true, true },   /* writes what was read */
        { 2, 100, 200, true, false },  /* another buffer */
    };
    struct tuff_hazards hazards = { 0 };
    const struct tuff_access write = access_of(1, 100, 200, true);
    const struct tuff_access read = access_of(1, 300, 400, false);
    cr_assert_eq(tuff_hazards_add(&hazards, &write), TUFF_OK);
    cr_assert_eq(tuff_hazards_add(&hazards, &read), TUFF_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct tuff_access access =
            access_of(rows[i].buffer, rows[i].start, rows[i].end, rows[i].is_write);
        cr_assert_eq(tuff_hazards_meet(&hazards, &access), rows[i].meets, "row %zu", i);
    }
    tuff_hazards_free(&hazards);
}
