/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/attention.h"

#include <stdlib.h>

/* Takes tiles one by one; counts alone where there is no room to write. */
struct tile_list {
    int32_t *tiles;
    uint32_t count;
};

static void append(struct tile_list *list, uint32_t first_row, uint32_t rows, uint32_t first_other,
                   int32_t others) {
    if (list->tiles) {
        int32_t *tile = &list->tiles[(size_t)list->count * 4];
        tile[0] = (int32_t)first_row;
        tile[1] = (int32_t)rows;
        tile[2] = (int32_t)first_other;
        tile[3] = others;
    }
    list->count++;
}

/* Rows [first, first + count) in blocks. */
static void append_blocks(struct tile_list *list, uint32_t block, uint32_t first, uint32_t count,
                          uint32_t first_other, int32_t others) {
    for (uint32_t done = 0; done < count; done += block) {
        uint32_t rows = count - done < block ? count - done : block;
        append(list, first + done, rows, first_other, others);
    }
}

static uint32_t visible_rows(const struct tuff_attention_span *span) {
    return (uint32_t)abs(span->key_count);
}

static void append_spans(struct tile_list *list, uint32_t block, const struct tuff_attention_span *spans,
                         uint32_t span_count) {
    for (uint32_t i = 0; i < span_count; i++)
        append_blocks(list, block, spans[i].first_row, spans[i].row_count, spans[i].first_row,
                      spans[i].key_count);
}

static void append_key_spans(struct tile_list *list, uint32_t block, const struct tuff_attention_span *spans,
                             uint32_t span_count) {
    for (uint32_t i = 0; i < span_count; i++) {
        const struct tuff_attention_span *span = &spans[i];
        uint32_t keys = visible_rows(span);
        int32_t queries = span->key_count < 0 ? -(int32_t)span->row_count : (int32_t)span->row_count;
        append_blocks(list, block, span->first_row, keys, span->first_row, queries);
        append_blocks(list, block, span->first_row + keys, span->row_count - keys, span->first_row, 0);
    }
}

/* Most work first; of equal tiles the earlier rows, so that neighbours share what they read. */
static int by_work(const void *a, const void *b) {
    const int32_t *left = a;
    const int32_t *right = b;
    int difference = abs(right[3]) - abs(left[3]);
    return difference != 0 ? difference : left[0] - right[0];
}

static void finish(const struct tile_list *list, uint32_t capacity) {
    qsort(list->tiles, list->count, 4 * sizeof *list->tiles, by_work);
    for (size_t i = (size_t)list->count * 4; i < (size_t)capacity * 4; i++)
        list->tiles[i] = 0;
}

uint32_t tuff_attention_tile_count(const struct tuff_device *device, const struct tuff_attention_span *spans,
                                   uint32_t span_count) {
    struct tile_list list = { 0 };
    append_spans(&list, tuff_attention_query_block(device), spans, span_count);
    return list.count;
}

void tuff_attention_build_tiles(const struct tuff_device *device, const struct tuff_attention_span *spans,
                                uint32_t span_count, int32_t *tiles, uint32_t capacity) {
    struct tile_list list = { .tiles = tiles };
    append_spans(&list, tuff_attention_query_block(device), spans, span_count);
    finish(&list, capacity);
}

uint32_t tuff_attention_key_tile_count(const struct tuff_device *device,
                                       const struct tuff_attention_span *spans, uint32_t span_count) {
    struct tile_list list = { 0 };
    append_key_spans(&list, tuff_attention_query_block(device), spans, span_count);
    return list.count;
}

void tuff_attention_build_key_tiles(const struct tuff_device *device, const struct tuff_attention_span *spans,
                                    uint32_t span_count, int32_t *tiles, uint32_t capacity) {
    struct tile_list list = { .tiles = tiles };
    append_key_spans(&list, tuff_attention_query_block(device), spans, span_count);
    finish(&list, capacity);
}
