/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "task/pretrain_pairs.h"

static const double predicted_share = 0.15, masked_share = 0.8, replaced_share = 0.1;

/* Rows that are masked together: a word's, or one. */
struct unit {
    uint32_t first, count;
};

static uint32_t find_units(const struct tuff_pretrain_options *options, uint32_t count, const bool *continues,
                           const bool *is_special, struct unit *out_units) {
    uint32_t unit_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (is_special[i])
            continue;
        if (options->is_whole_word && continues[i] && i > 0 && !is_special[i - 1])
            out_units[unit_count - 1].count++;
        else
            out_units[unit_count++] = (struct unit){ i, 1 };
    }
    return unit_count;
}

static uint32_t count_predictions(const struct tuff_pretrain_options *options, uint32_t count) {
    const uint32_t wanted = (uint32_t)fmax(1, rint(count * predicted_share));
    return options->max_predictions > 0 && options->max_predictions < wanted ? options->max_predictions
                                                                             : wanted;
}

static int32_t draw_id(const struct tuff_pretrain_options *options, int32_t mask_id,
                       struct tuff_random *random, int32_t id) {
    const double share = tuff_random_uniform(random);
    if (share < masked_share)
        return mask_id;
    if (share < masked_share + replaced_share)
        return (int32_t)tuff_random_below(random, options->vocab_size);
    return id;
}

/* Flags the rows to predict: units in random order, as long as they fit. */
static tuff_status choose(const struct unit *units, uint32_t unit_count, uint32_t wanted,
                          struct tuff_random *random, bool *out_is_chosen) {
    uint32_t *order = NULL, taken = 0;
    TUFF_TRY(tuff_alloc(unit_count, sizeof *order, &order));
    for (uint32_t i = 0; i < unit_count; i++)
        order[i] = i;
    tuff_random_shuffle(random, order, unit_count);
    for (uint32_t i = 0; i < unit_count && taken < wanted; i++) {
        const struct unit unit = units[order[i]];
        if (taken + unit.count > wanted)
            continue;
        for (uint32_t j = 0; j < unit.count; j++)
            out_is_chosen[unit.first + j] = true;
        taken += unit.count;
    }
    tuff_free(order);
    return TUFF_OK;
}

tuff_status tuff_pretrain_draw_masks(const struct tuff_pretrain_options *options, int32_t mask_id,
                                     struct tuff_random *random, struct tuff_row *rows, uint32_t count,
                                     const bool *continues, const bool *is_special, uint32_t *out_asked,
                                     int32_t *out_labels, uint32_t *out_count) {
    struct unit *units = NULL;
    bool *is_chosen = NULL;
    tuff_status status = TUFF_OK;
    *out_count = 0;
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *units, &units));
    TUFF_TRY_GOTO(tuff_alloc(count, sizeof *is_chosen, &is_chosen));
    const uint32_t unit_count = find_units(options, count, continues, is_special, units);
    TUFF_TRY_GOTO(choose(units, unit_count, count_predictions(options, count), random, is_chosen));
    for (uint32_t i = 0; i < count; i++) {
        if (!is_chosen[i])
            continue;
        out_asked[*out_count] = i;
        out_labels[(*out_count)++] = rows[i].id;
        rows[i].id = draw_id(options, mask_id, random, rows[i].id);
    }
done:
    tuff_free(units);
    tuff_free(is_chosen);
    return status;
}
