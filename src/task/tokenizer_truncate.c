/* SPDX-License-Identifier: Apache-2.0 */
/* Truncation. A sequence that is too long becomes ranges: the first is what stays, the others go on from it
 * with `stride` tokens of overlap. */
#include "task/tokenizer.h"

#include "base/memory.h"

static tuff_status cut_append(struct tuff_cut *cut, size_t start, size_t end) {
    if ((cut->count & (cut->count - 1)) == 0) { /* grows by doubling: the capacity is the next power of two */
        const size_t capacity = cut->count ? 2 * cut->count : 1;
        TUFF_TRY(tuff_resize(&cut->ranges, capacity, sizeof *cut->ranges));
    }
    cut->ranges[cut->count++] = (struct tuff_range){ start, end };
    return TUFF_OK;
}

static tuff_status cut_sequence(struct tuff_cut *cut, size_t length, size_t stride) {
    const size_t total = cut->list->count;
    if (length >= total)
        return cut_append(cut, 0, total);
    if (length == 0) {
        TUFF_TRY(cut_append(cut, 0, 0));
        return cut_append(cut, 0, total);
    }
    if (stride >= length)
        return tuff_fail(
            TUFF_ARGUMENT,
            "a stride of %zu leaves no room in the %zu tokens that a sequence is truncated to; it must "
            "be smaller",
            stride, length);
    for (size_t start = 0;; start += length - stride) {
        const size_t end = total - start < length ? total : start + length;
        TUFF_TRY(cut_append(cut, start, end));
        if (end == total)
            return TUFF_OK;
    }
}

/* How long the two sequences may be; the shorter keeps what it has where it can. */
static void share_longest_first(size_t max_length, size_t lengths[2]) {
    const bool is_swapped = lengths[0] > lengths[1];
    size_t shorter = lengths[is_swapped];
    size_t longer = 0;
    if (shorter > max_length)
        longer = shorter;
    else
        longer = max_length - shorter > shorter ? max_length - shorter : shorter;
    if (shorter + longer > max_length) {
        shorter = max_length / 2;
        longer = shorter + max_length % 2;
    }
    lengths[is_swapped] = shorter;
    lengths[!is_swapped] = longer;
}

static tuff_status share(const tuff_encode_options *options, size_t max_length, bool has_pair,
                         size_t lengths[2]) {
    const size_t total = lengths[0] + lengths[1];
    if (max_length == 0) {
        lengths[0] = lengths[1] = 0;
        return TUFF_OK;
    }
    if (total <= max_length)
        return TUFF_OK;
    if (options->truncation == TUFF_TRUNCATE_LONGEST_FIRST) {
        if (has_pair)
            share_longest_first(max_length, lengths);
        else
            lengths[0] = max_length;
        return TUFF_OK;
    }
    const bool is_second = options->truncation == TUFF_TRUNCATE_ONLY_SECOND;
    if (is_second && !has_pair)
        return tuff_fail(TUFF_ARGUMENT, "only the second text may be truncated, but there is none");
    const size_t excess = total - max_length;
    if (lengths[is_second] <= excess)
        return tuff_fail(
            TUFF_ARGUMENT,
            "%zu tokens must go to keep to the maximum length, but the %s text, which alone may be "
            "truncated, has %zu",
            excess, is_second ? "second" : "first", lengths[is_second]);
    lengths[is_second] -= excess;
    return TUFF_OK;
}

static size_t count_special(const struct tuff_template *templ) {
    size_t count = 0;
    for (size_t i = 0; i < templ->count; i++)
        count += templ->pieces[i].sequence < 0 ? templ->pieces[i].id_count : 0;
    return count;
}

tuff_status tuff_truncate(const tuff_tokenizer *tokenizer, const struct tuff_template *templ,
                          const tuff_encode_options *options, bool has_pair, struct tuff_cut cuts[2]) {
    size_t lengths[2] = { cuts[0].list->count, has_pair ? cuts[1].list->count : 0 };
    if (options->truncation != TUFF_TRUNCATE_NONE) {
        /* A maximum below the special tokens alone does not truncate in Hugging Face (its difference wraps).
         */
        const size_t maximum = options->max_length;
        const size_t special = count_special(templ);
        const size_t special_of_single = count_special(&tokenizer->single);
        if (maximum >= special_of_single && maximum - special_of_single < options->stride)
            return tuff_fail(
                TUFF_ARGUMENT,
                "a stride of %u does not fit in a maximum length of %zu tokens, of which %zu are "
                "special tokens",
                options->stride, maximum, special_of_single);
        const size_t removed = options->no_special_tokens ? 0 : special;
        if (maximum >= removed)
            TUFF_TRY(share(options, maximum - removed, has_pair, lengths));
    }
    TUFF_TRY(cut_sequence(&cuts[0], lengths[0], options->stride));
    return has_pair ? cut_sequence(&cuts[1], lengths[1], options->stride) : TUFF_OK;
}
