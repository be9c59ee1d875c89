/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles that were measured, as vk/decisions.h keeps them. */
#include <stdio.h>

#include "ops/matmul_tile.h"
#include "vk/decisions.h"

bool tuff_matmul_tile_equals(const struct tuff_matmul_tile *a, const struct tuff_matmul_tile *b) {
    return a->kernel == b->kernel && a->lanes_x == b->lanes_x && a->lanes_y == b->lanes_y &&
           a->tile_rows == b->tile_rows && a->tile_groups == b->tile_groups && a->step == b->step &&
           a->uses_shared == b->uses_shared && a->rolls == b->rolls && a->subgroup_size == b->subgroup_size &&
           a->splits == b->splits;
}

const char *tuff_matmul_tile_text(const struct tuff_matmul_tile *tile, char text[TUFF_TILE_TEXT_SIZE]) {
    static const char *const names[] = {
        [TUFF_MATMUL_TILED] = "tiled",         [TUFF_MATMUL_LANES] = "lanes",
        [TUFF_MATMUL_BROADCAST] = "broadcast", [TUFF_MATMUL_SUBGROUP] = "subgroup",
        [TUFF_MATMUL_BLOCKS] = "blocks",       [TUFF_MATMUL_PACKED] = "packed"
    };
    char split[24] = "";
    if (tile->splits > 1)
        snprintf(split, sizeof split, ", split in %u", tile->splits);
    snprintf(text, TUFF_TILE_TEXT_SIZE, "%s %ux%u of %ux%u lanes, step %u%s%s", names[tile->kernel],
             tile->tile_rows, tile->tile_groups, tile->lanes_x, tile->lanes_y, tile->step,
             tile->rolls ? ", rolled" : "", split);
    return text;
}

uint32_t tuff_matmul_rows_like(uint32_t rows) {
    static const uint32_t measured[] = { 8, 32, 128, 512 };
    for (size_t i = 0; i < sizeof measured / sizeof *measured; i++)
        if (rows <= 2 * measured[i])
            return measured[i];
    return 2048;
}

static void make_key(const struct tuff_product *product, uint32_t key[TUFF_DECISION_KEY]) {
    key[0] = TUFF_CHOICE_OF_MATMUL + ((uint32_t)product->type << 16);
    key[1] = tuff_matmul_rows_like(product->rows);
    key[2] = product->cols;
    key[3] = product->groups;
}

tuff_status tuff_matmul_tile_choose(struct tuff_device *device, const struct tuff_product *product,
                                    const struct tuff_matmul_tile *tile, double ms) {
    struct tuff_decision choice = {
        .value = { tile->kernel, tile->lanes_x, tile->lanes_y, tile->tile_rows, tile->tile_groups, tile->step,
                   tile->uses_shared + 2 * tile->splits, tile->rolls + 2 * tile->subgroup_size },
        .ms = ms
    };
    make_key(product, choice.key);
    return tuff_decisions_put(device->decisions, &choice);
}

bool tuff_matmul_tile_measured(const struct tuff_device *device, const struct tuff_product *product,
                               struct tuff_matmul_tile *out_tile) {
    struct tuff_matmul_tile tiles[TUFF_TILE_CANDIDATES];
    struct tuff_decision choice;
    uint32_t key[TUFF_DECISION_KEY];
    make_key(product, key);
    if (!tuff_decisions_find(device->decisions, key, &choice))
        return false;
    const uint32_t *value = choice.value;
    const struct tuff_matmul_tile wanted = { .kernel = (enum tuff_matmul_kernel)value[0],
                                             .lanes_x = value[1],
                                             .lanes_y = value[2],
                                             .tile_rows = value[3],
                                             .tile_groups = value[4],
                                             .step = value[5],
                                             .uses_shared = value[6] & 1,
                                             .splits = value[6] / 2,
                                             .rolls = value[7] & 1,
                                             .subgroup_size = value[7] / 2 };
    const size_t count = tuff_matmul_tile_candidates(device, product, tiles);
    for (size_t i = 0; i < count; i++)
        if (tuff_matmul_tile_equals(&tiles[i], &wanted)) {
            *out_tile = wanted;
            return true;
        }
    return false;
}
