/* SPDX-License-Identifier: Apache-2.0 */
#include "task/features.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"

/* The stream of random numbers of the first epoch's order; the others follow. */
enum { ORDER_STREAM = 1 << 24 };

struct maker {
    const struct tuff_dataset *dataset;
    const struct tuff_feature_options *options;
    struct tuff_feature_set *features;
    /* The words of a sentence with spaces between them, and where each lies. */
    char *joined;
    tuff_offset *word_bytes;
    size_t joined_capacity, word_capacity;
};

/* ---------------------------------------------------------------- what all kinds do */

static tuff_status make_rows(struct maker *maker, const tuff_encoding *encoding,
                             const struct tuff_row **out_rows) {
    const struct tuff_feature_options *options = maker->options;
    struct tuff_row *rows = NULL;
    TUFF_TRY(tuff_blocks_allocate(&maker->features->blocks, encoding->count, sizeof *rows, &rows));
    for (size_t i = 0; i < encoding->count; i++) {
        const int32_t id = encoding->input_ids[i], type = encoding->token_type_ids[i];
        if (id < 0 || (uint32_t)id >= options->vocab_size || type < 0 ||
            (uint32_t)type >= options->type_vocab_size)
            return tuff_fail(TUFF_FORMAT,
                             "the tokenizer gives token %d of segment %d, but the model has %u tokens and %u "
                             "segments: tokenizer and weights do not belong together",
                             id, type, options->vocab_size, options->type_vocab_size);
        rows[i] = (struct tuff_row){ .id = id, .position = (int32_t)i, .type = type };
    }
    maker->features->token_count += encoding->count;
    *out_rows = rows;
    return TUFF_OK;
}

static tuff_status append_sequence(struct maker *maker, const tuff_encoding *encoding,
                                   const struct tuff_targets *targets) {
    struct tuff_feature_set *features = maker->features;
    const struct tuff_row *rows = NULL;
    TUFF_TRY(make_rows(maker, encoding, &rows));
    TUFF_TRY(tuff_reserve(&features->sequences, &features->sequence_capacity, features->sequence_count + 1,
                          sizeof *features->sequences));
    features->sequences[features->sequence_count++] = (struct tuff_sequence){
        .tokens = rows, .visible_count = (uint32_t)encoding->count, .targets = targets
    };
    return TUFF_OK;
}

static tuff_status append_feature(struct maker *maker, const struct tuff_feature *feature) {
    struct tuff_feature_set *features = maker->features;
    TUFF_TRY(
        tuff_reserve(&features->items, &features->capacity, features->count + 1, sizeof *features->items));
    features->items[features->count++] = *feature;
    return TUFF_OK;
}

static tuff_status make_targets(struct maker *maker, struct tuff_targets **out_targets) {
    TUFF_TRY(tuff_blocks_allocate(&maker->features->blocks, 1, sizeof **out_targets, out_targets));
    **out_targets =
        (struct tuff_targets){ .label = TUFF_IGNORED, .next_sentence = TUFF_IGNORED, .start = -1, .end = -1 };
    return TUFF_OK;
}

static tuff_status encode(struct maker *maker, tuff_text text, const tuff_text *pair,
                          tuff_truncation truncation, uint32_t stride, tuff_encodings **out_encodings) {
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.truncation = truncation;
    options.max_length = maker->options->max_length;
    options.stride = stride;
    return tuff_encode(maker->options->tokenizer, text, pair, &options, out_encodings);
}

/* ---------------------------------------------------------------- texts and pairs */

static tuff_status append_text(struct maker *maker, tuff_text text, const tuff_text *pair,
                               const struct tuff_targets *targets) {
    tuff_encodings *encodings = NULL;
    TUFF_TRY(encode(maker, text, pair, TUFF_TRUNCATE_LONGEST_FIRST, 0, &encodings));
    maker->features->truncated += tuff_encodings_count(encodings) > 1;
    const tuff_status status = append_sequence(maker, tuff_encodings_get(encodings, 0), targets);
    tuff_encodings_free(encodings);
    return status;
}

/* The numbers that logits are held against: the one of the example, or a 1 for each label that holds. */
static tuff_status make_numbers(struct maker *maker, const struct tuff_example *example,
                                struct tuff_targets *targets) {
    const bool is_labels = maker->dataset->kind == TUFF_DATASET_LABELS;
    float *numbers = NULL;
    TUFF_TRY(tuff_blocks_allocate(&maker->features->blocks, is_labels ? maker->dataset->labels.count : 1,
                                  sizeof *numbers, &numbers));
    for (uint32_t i = 0; is_labels && i < example->label_count; i++)
        numbers[example->labels[i]] = 1;
    if (!is_labels)
        numbers[0] = (float)example->number;
    targets->numbers = numbers;
    return TUFF_OK;
}

static tuff_status make_text(struct maker *maker, size_t index) {
    const struct tuff_example *example = &maker->dataset->examples[index];
    const tuff_text *pair = example->text_count > 1 ? &example->texts[1] : NULL;
    struct tuff_targets *targets = NULL;
    TUFF_TRY(make_targets(maker, &targets));
    if (maker->dataset->kind != TUFF_DATASET_CLASS)
        TUFF_TRY(make_numbers(maker, example, targets));
    else if (example->label_count > 0)
        targets->label = example->labels[0];
    TUFF_TRY(append_text(maker, example->texts[0], pair, targets));
    return append_feature(maker, &(struct tuff_feature){ .example = index });
}

static tuff_status make_choices(struct maker *maker, size_t index) {
    const struct tuff_example *example = &maker->dataset->examples[index];
    struct tuff_targets *targets = NULL;
    TUFF_TRY(make_targets(maker, &targets));
    if (example->label_count > 0)
        targets->label = example->labels[0];
    for (uint32_t i = 1; i < example->text_count; i++)
        TUFF_TRY(append_text(maker, example->texts[0], &example->texts[i], targets));
    return append_feature(maker, &(struct tuff_feature){ .example = index });
}

static tuff_status make_similar(struct maker *maker, size_t index) {
    const struct tuff_example *example = &maker->dataset->examples[index];
    struct tuff_targets *targets = NULL;
    TUFF_TRY(make_targets(maker, &targets));
    for (uint32_t i = 0; i < 2; i++)
        TUFF_TRY(append_text(maker, example->texts[i], NULL, targets));
    return append_feature(maker, &(struct tuff_feature){ .example = index });
}

/* ---------------------------------------------------------------- words with tags */

static tuff_status join_words(struct maker *maker, const struct tuff_example *example, size_t *out_length) {
    size_t length = 0;
    TUFF_TRY(tuff_reserve(&maker->word_bytes, &maker->word_capacity, example->text_count,
                          sizeof *maker->word_bytes));
    for (uint32_t i = 0; i < example->text_count; i++) {
        const tuff_text word = example->texts[i];
        if (word.length >= INT32_MAX - length)
            return tuff_fail(TUFF_FORMAT, "the sentence of line %zu is longer than 2 GiB", example->line);
        TUFF_TRY(tuff_reserve(&maker->joined, &maker->joined_capacity, length + word.length + 1, 1));
        memcpy(maker->joined + length, word.data, word.length);
        maker->word_bytes[i] = (tuff_offset){ (uint32_t)length, (uint32_t)(length + word.length) };
        length += word.length;
        maker->joined[length++] = ' ';
    }
    *out_length = length;
    return TUFF_OK;
}

/* A row is the first of its word where no row before it lies in the same word. */
static void find_words(const struct maker *maker, const struct tuff_example *example,
                       const tuff_encoding *encoding, int32_t *out_words) {
    uint32_t word = 0;
    int64_t last = -1;
    for (size_t i = 0; i < encoding->count; i++) {
        out_words[i] = -1;
        if (encoding->sequences[i] != 0)
            continue;
        while (word + 1 < example->text_count &&
               encoding->byte_offsets[i].start >= maker->word_bytes[word].end)
            word++;
        if ((int64_t)word != last)
            out_words[i] = (int32_t)word;
        last = word;
    }
}

static tuff_status append_tagged(struct maker *maker, size_t index, const tuff_encoding *encoding) {
    const struct tuff_example *example = &maker->dataset->examples[index];
    struct tuff_blocks *blocks = &maker->features->blocks;
    struct tuff_targets *targets = NULL;
    int32_t *words = NULL, *labels = NULL;
    TUFF_TRY(make_targets(maker, &targets));
    TUFF_TRY(tuff_blocks_allocate(blocks, encoding->count, sizeof *words, &words));
    TUFF_TRY(tuff_blocks_allocate(blocks, encoding->count, sizeof *labels, &labels));
    find_words(maker, example, encoding, words);
    for (size_t i = 0; i < encoding->count; i++)
        labels[i] = words[i] >= 0 && example->label_count > 0 ? example->labels[words[i]] : TUFF_IGNORED;
    targets->row_labels = labels;
    TUFF_TRY(append_sequence(maker, encoding, targets));
    return append_feature(maker, &(struct tuff_feature){ .example = index, .words = words });
}

static tuff_status make_tagged(struct maker *maker, size_t index) {
    tuff_encodings *encodings = NULL;
    size_t length = 0;
    TUFF_TRY(join_words(maker, &maker->dataset->examples[index], &length));
    TUFF_TRY(
        encode(maker, (tuff_text){ maker->joined, length }, NULL, TUFF_TRUNCATE_ONLY_FIRST, 0, &encodings));
    maker->features->truncated += tuff_encodings_count(encodings) > 1;
    const tuff_status status = append_tagged(maker, index, tuff_encodings_get(encodings, 0));
    tuff_encodings_free(encodings);
    return status;
}

/* ---------------------------------------------------------------- questions */

/* The rows of the answer in a window; the first row, [CLS], where it does not lie in it as a whole. */
static void find_answer(const struct tuff_example *example, const tuff_encoding *encoding,
                        struct tuff_targets *targets) {
    size_t first = 0, end = encoding->count;
    targets->start = targets->end = 0;
    while (first < end && encoding->sequences[first] != 1)
        first++;
    while (end > first && encoding->sequences[end - 1] != 1)
        end--;
    if (example->answer_count == 0 || first == end)
        return;
    const struct tuff_dataset_answer *answer = &example->answers[0];
    const tuff_offset *offsets = encoding->offsets;
    if (offsets[first].start > answer->start || offsets[end - 1].end < answer->end)
        return;
    while (first + 1 < end && offsets[first + 1].start <= answer->start)
        first++;
    while (end - 1 > first && offsets[end - 2].end >= answer->end)
        end--;
    targets->start = (int32_t)first;
    targets->end = (int32_t)(end - 1);
}

static tuff_status append_window(struct maker *maker, size_t index, uint32_t window,
                                 const tuff_encoding *encoding) {
    struct tuff_targets *targets = NULL;
    tuff_offset *offsets = NULL;
    TUFF_TRY(make_targets(maker, &targets));
    find_answer(&maker->dataset->examples[index], encoding, targets);
    TUFF_TRY(tuff_blocks_allocate(&maker->features->blocks, encoding->count, sizeof *offsets, &offsets));
    for (size_t i = 0; i < encoding->count; i++)
        if (encoding->sequences[i] == 1)
            offsets[i] = encoding->byte_offsets[i];
    TUFF_TRY(append_sequence(maker, encoding, targets));
    return append_feature(maker,
                          &(struct tuff_feature){ .example = index, .window = window, .offsets = offsets });
}

static bool is_full(const struct maker *maker) {
    return maker->options->limit > 0 && maker->features->count >= maker->options->limit;
}

static tuff_status make_question(struct maker *maker, size_t index) {
    const struct tuff_example *example = &maker->dataset->examples[index];
    tuff_encodings *encodings = NULL;
    tuff_status status = encode(maker, example->texts[0], &example->texts[1], TUFF_TRUNCATE_ONLY_SECOND,
                                maker->options->stride, &encodings);
    if (status == TUFF_ARGUMENT && maker->options->skips_bad) {
        maker->features->skipped++;
        return TUFF_OK;
    }
    if (status != TUFF_OK)
        return tuff_fail_prefix(status, "question %zu", example->line);
    for (size_t i = 0; i < tuff_encodings_count(encodings) && status == TUFF_OK && !is_full(maker); i++)
        status = append_window(maker, index, (uint32_t)i, tuff_encodings_get(encodings, i));
    tuff_encodings_free(encodings);
    return status;
}

/* ---------------------------------------------------------------- all examples */

static uint32_t group_of(const struct tuff_dataset *dataset) {
    if (dataset->kind == TUFF_DATASET_CHOICES)
        return dataset->examples[0].text_count - 1;
    return dataset->kind == TUFF_DATASET_SIMILAR ? 2 : 1;
}

static tuff_status make(struct maker *maker, size_t index) {
    switch (maker->dataset->kind) {
    case TUFF_DATASET_TAGS:
        return make_tagged(maker, index);
    case TUFF_DATASET_ANSWERS:
        return make_question(maker, index);
    case TUFF_DATASET_CHOICES:
        return make_choices(maker, index);
    case TUFF_DATASET_SIMILAR:
        return make_similar(maker, index);
    default:
        return make_text(maker, index);
    }
}

tuff_status tuff_feature_set_make(const struct tuff_dataset *dataset,
                                  const struct tuff_feature_options *options,
                                  struct tuff_feature_set *out_features) {
    struct maker maker = { .dataset = dataset, .options = options, .features = out_features };
    tuff_status status = TUFF_OK;
    *out_features = (struct tuff_feature_set){ .group = group_of(dataset) };
    for (size_t i = 0; i < dataset->count && !is_full(&maker) && status == TUFF_OK; i++)
        status = make(&maker, i);
    tuff_free(maker.joined);
    tuff_free(maker.word_bytes);
    if (status == TUFF_OK && out_features->count == 0)
        status =
            tuff_fail(TUFF_ARGUMENT, "none of the %zu questions leaves room for its context in %u tokens",
                      dataset->count, options->max_length);
    if (status == TUFF_OK && out_features->count > UINT32_MAX)
        status = tuff_fail(TUFF_UNSUPPORTED, "%zu features are more than fit an epoch", out_features->count);
    if (status != TUFF_OK)
        tuff_feature_set_free(out_features);
    return status;
}

void tuff_feature_set_free(struct tuff_feature_set *features) {
    tuff_free(features->items);
    tuff_free(features->sequences);
    tuff_blocks_free(&features->blocks);
    *features = (struct tuff_feature_set){ 0 };
}

/* ---------------------------------------------------------------- batches */

void tuff_order_fill(size_t count, bool is_shuffled, uint64_t seed, uint32_t epoch, uint32_t *out_order) {
    struct tuff_random random = { .seed = seed, .stream = ORDER_STREAM + epoch };
    for (size_t i = 0; i < count; i++)
        out_order[i] = (uint32_t)i;
    if (is_shuffled)
        tuff_random_shuffle(&random, out_order, count);
}

uint32_t tuff_longest(const struct tuff_sequence *sequences, size_t count) {
    uint32_t longest = 0;
    for (size_t i = 0; i < count; i++)
        if (sequences[i].visible_count > longest)
            longest = sequences[i].visible_count;
    return longest;
}

void tuff_pad_sequences(struct tuff_sequence *sequences, size_t count, int32_t pad_id,
                        struct tuff_row *rows) {
    const uint32_t longest = tuff_longest(sequences, count);
    for (size_t i = 0; i < count; i++, rows += longest) {
        const uint32_t own = sequences[i].visible_count;
        memcpy(rows, sequences[i].tokens, own * sizeof *rows);
        for (uint32_t row = own; row < longest; row++)
            rows[row] = (struct tuff_row){ .id = pad_id, .position = (int32_t)row };
        sequences[i].tokens = rows;
        sequences[i].hidden_count = longest - own;
    }
}

void tuff_feature_set_batch(const struct tuff_feature_set *features, const uint32_t *order, size_t count,
                            struct tuff_sequence *out_sequences) {
    for (size_t i = 0; i < count; i++)
        memcpy(out_sequences + i * features->group, features->sequences + (size_t)order[i] * features->group,
               features->group * sizeof *out_sequences);
}
