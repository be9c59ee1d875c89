/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions that were measured on this device, kept in the cache folder per device, driver and version: numbers that name a
 * decision to numbers that say what was decided. What they mean is known to who asks; a value that is not among what it may
 * be there is as good as none. A file that is broken is ignored and written anew. */
#ifndef TUFF_VK_DECISIONS_H
#define TUFF_VK_DECISIONS_H

#include "vk/device.h"

enum { TUFF_DECISION_KEY = 4, TUFF_DECISION_VALUE = 8 };

struct tuff_decision {
    uint32_t key[TUFF_DECISION_KEY];
    uint32_t value[TUFF_DECISION_VALUE];
    double ms; /* that it took */
};

/* Reads what is kept in `cache_folder`; NULL: nothing is. */
tuff_status tuff_decisions_open(struct tuff_device *device, const char *cache_folder,
                                struct tuff_decisions **out_decisions);
void tuff_decisions_close(struct tuff_decisions *decisions);

/* False where nothing was decided. Any thread. */
bool tuff_decisions_find(struct tuff_decisions *decisions, const uint32_t key[TUFF_DECISION_KEY],
                         struct tuff_decision *out_decision);
/* In the place of the one with the same key. */
tuff_status tuff_decisions_put(struct tuff_decisions *decisions, const struct tuff_decision *decision);
/* Copies of all of them, which the caller frees; and these in the place of all. */
tuff_status tuff_decisions_copy(struct tuff_decisions *decisions, struct tuff_decision **out_items,
                                size_t *out_count);
tuff_status tuff_decisions_replace(struct tuff_decisions *decisions, const struct tuff_decision *items,
                                   size_t count);

/* Replaces the file in the cache folder, where there is one. */
tuff_status tuff_decisions_save(struct tuff_decisions *decisions);
/* The same as JSON elsewhere, and from there in the place of all. Reading gives TUFF_FORMAT for a malformed file and
 * TUFF_ARGUMENT for one of another kind of device. */
tuff_status tuff_decisions_write(struct tuff_decisions *decisions, const char *path);
tuff_status tuff_decisions_read(struct tuff_decisions *decisions, const char *path);

#endif
