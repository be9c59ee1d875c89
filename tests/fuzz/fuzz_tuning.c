/* SPDX-License-Identifier: Apache-2.0 */
/* A tuning file of any bytes is refused, or what was read is written and comes back the same. The device is none: only
 * its description is asked for. */
#define FUZZ_FOLDER "fuzz_tuning_files"
#include "fuzz.h"
#include <string.h>

#include "base/memory.h"
#include "vk/decisions.h"

static void copy_all(struct tuff_decisions *decisions, struct tuff_decision **out_items, size_t *out_count) {
    if (tuff_decisions_copy(decisions, out_items, out_count) != TUFF_OK)
        abort();
}

/* What was read is found under its key, written, and read again. */
static void go_round(struct tuff_decisions *decisions) {
    struct tuff_decision *before = NULL, *after = NULL;
    size_t count = 0, count_after = 0;
    copy_all(decisions, &before, &count);
    for (size_t i = 0; i < count; i++) {
        struct tuff_decision found;
        if (!tuff_decisions_find(decisions, before[i].key, &found) ||
            memcmp(found.value, before[i].value, sizeof found.value) != 0)
            abort();
    }
    if (tuff_decisions_write(decisions, FUZZ_FOLDER "/written.json") != TUFF_OK ||
        tuff_decisions_read(decisions, FUZZ_FOLDER "/written.json") != TUFF_OK)
        abort();
    copy_all(decisions, &after, &count_after);
    if (count != count_after)
        abort();
    for (size_t i = 0; i < count; i++)
        if (memcmp(before[i].key, after[i].key, sizeof after[i].key) != 0 ||
            memcmp(before[i].value, after[i].value, sizeof after[i].value) != 0 ||
            before[i].ms != after[i].ms)
            abort();
    tuff_free(before);
    tuff_free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct tuff_device device = { .info = { .name = "none", .vendor_id = 1, .device_id = 2 } };
    struct tuff_decisions *decisions = NULL;
    const char *path = fuzz_file("tuning---00000000.json", data, size);
    /* First as a file that a user hands over, then as the one that lies in the cache folder. */
    if (tuff_decisions_open(&device, NULL, &decisions) != TUFF_OK)
        abort();
    if (tuff_decisions_read(decisions, path) == TUFF_OK)
        go_round(decisions);
    tuff_decisions_close(decisions);
    if (tuff_decisions_open(&device, FUZZ_FOLDER, &decisions) != TUFF_OK ||
        tuff_decisions_save(decisions) != TUFF_OK)
        abort();
    tuff_decisions_close(decisions);
    return 0;
}
