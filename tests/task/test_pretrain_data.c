/* SPDX-License-Identifier: Apache-2.0 */
/* What pre-training is fed with. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/folder.h"
#include "support/tokenizer.h"
#include "task/pretrain_batches.h"
#include "task/pretrain_data.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[TEST_PATH_SIZE];
static tuff_tokenizer *tokenizer;
static struct tuff_pretrain_data data;

static void enter_folder(void) {
    const struct test_tokenizer usual = { 0 };
    test_folder_make(folder);
    tokenizer = test_tokenizer_open(&usual);
}

static void remove_folder(void) {
    tuff_pretrain_data_close(&data);
    tuff_tokenizer_close(tokenizer);
    test_folder_remove(folder);
}

TestSuite(task_pretrain_data, .init = enter_folder, .fini = remove_folder);

static const char *paths[2];

static struct tuff_pretrain_options options_for(uint32_t length) {
    return (struct tuff_pretrain_options){
        .tokenizer = tokenizer, .vocab_size = 13, .paths = paths, .path_count = 1, .length = length, .seed = 7
    };
}

static void open_data(const struct tuff_pretrain_options *options) {
    cr_assert_eq(tuff_pretrain_data_open(options, &data), TUFF_OK, "%s", tuff_error_message());
}

/* Documents of sentences of a and b. */
static const char *write_corpus(const char *name, size_t documents) {
    static char text[1 << 16];
    size_t length = 0;
    for (size_t i = 0; i < documents; i++) {
        for (size_t j = 0; j < 3 + i % 4; j++) {
            for (size_t k = 0; k < 2 + (i + j) % 5; k++)
                length += (size_t)sprintf(text + length, "%s ", (i + k) % 3 ? "ab" : "aba");
            text[length++] = '\n';
        }
        text[length++] = '\n';
    }
    text[length] = '\0';
    test_write(folder, name, text);
    return test_path(folder, name);
}

static void expect_form(const struct tuff_sequence *sequence, uint32_t length) {
    uint32_t separators = 0;
    cr_assert(sequence->visible_count <= length && sequence->visible_count >= 5);
    cr_expect_eq(sequence->tokens[0].id, 2);
    for (uint32_t i = 0; i < sequence->visible_count; i++) {
        cr_expect_eq(sequence->tokens[i].position, (int32_t)i);
        cr_expect_eq(sequence->tokens[i].type, separators > 0);
        bool is_asked = false;
        for (uint32_t j = 0; j < sequence->asked_count; j++)
            is_asked = is_asked || sequence->asked[j] == i;
        separators += sequence->tokens[i].id == 3 && !is_asked;
    }
    cr_expect_eq(separators, 2);
    cr_expect(sequence->asked_count >= 1);
    for (uint32_t j = 0; j + 1 < sequence->asked_count; j++)
        cr_expect(sequence->asked[j] < sequence->asked[j + 1]);
}

static uint64_t sum_of(const struct tuff_sequence *sequence) {
    uint64_t sum = (uint64_t)sequence->targets->next_sentence + 1;
    for (uint32_t i = 0; i < sequence->visible_count; i++)
        sum = sum * 31 + (uint64_t)sequence->tokens[i].id;
    for (uint32_t i = 0; i < sequence->asked_count; i++)
        sum = sum * 31 + sequence->asked[i] + (uint64_t)sequence->targets->asked_labels[i] * 1000;
    return sum;
}

Test(task_pretrain_data, sequences_have_their_form_and_epochs_differ) {
    struct tuff_pretrain_options options = options_for(16);
    struct tuff_sequence sequences[4];
    uint64_t sums[2] = { 0, 0 };
    paths[0] = write_corpus("a.txt", 20);
    open_data(&options);
    while (data.place.epoch < 2) {
        cr_assert_eq(tuff_pretrain_data_batch(&data, COUNT(sequences), sequences), TUFF_OK, "%s",
                     tuff_error_message());
        for (size_t i = 0; i < COUNT(sequences); i++) {
            expect_form(&sequences[i], 16);
            if (data.place.epoch < 2)
                sums[data.place.epoch] += sum_of(&sequences[i]);
        }
    }
    cr_expect_neq(sums[0], sums[1]);
}

Test(task_pretrain_data, a_place_is_enough_to_go_on) {
    struct tuff_pretrain_options options = options_for(12);
    struct tuff_sequence sequence;
    struct tuff_pretrain_place places[200];
    uint64_t sums[200];
    /* Many windows, and files that end in the middle of them. */
    options.window_tokens = 40;
    options.path_count = 2;
    static char second[TEST_PATH_SIZE];
    strcpy(second, write_corpus("b.txt", 5));
    paths[0] = write_corpus("a.txt", 9);
    paths[1] = second;
    open_data(&options);
    for (size_t i = 0; i < COUNT(places); i++) {
        places[i] = data.place;
        cr_assert_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_OK, "%s", tuff_error_message());
        sums[i] = sum_of(&sequence);
    }
    cr_expect(data.place.epoch > 1);
    for (size_t i = COUNT(places); i-- > 0;) {
        cr_assert_eq(tuff_pretrain_data_seek(&data, &places[i]), TUFF_OK);
        cr_assert_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_OK, "%s", tuff_error_message());
        cr_expect_eq(sum_of(&sequence), sums[i], "place %zu", i);
    }
}

Test(task_pretrain_data, whole_words_are_masked_together) {
    struct tuff_pretrain_options options = options_for(16);
    struct tuff_sequence sequence;
    options.is_whole_word = true;
    test_write(folder, "a.txt", "aba aba aba aba\naba aba\n\naba aba aba\naba aba aba aba\n");
    paths[0] = test_path(folder, "a.txt");
    open_data(&options);
    size_t whole = 0;
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_OK);
        /* Every word is ab ##a: 9 then 6; where one is asked for, so is the other, but at the edge of a cut.
         */
        for (uint32_t j = 0; j + 1 < sequence.asked_count; j++)
            whole += sequence.targets->asked_labels[j] == 9 && sequence.targets->asked_labels[j + 1] == 6 &&
                     sequence.asked[j + 1] == sequence.asked[j] + 1;
        cr_expect(sequence.asked_count <= 2);
    }
    cr_expect(whole > 100, "%zu", whole);
}

Test(task_pretrain_data, texts_may_stand_alone) {
    struct tuff_pretrain_options options = options_for(10);
    struct tuff_sequence sequence;
    options.has_no_pairs = true;
    paths[0] = write_corpus("a.txt", 3);
    open_data(&options);
    for (int i = 0; i < 30; i++) {
        cr_assert_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_OK);
        cr_expect_eq(sequence.targets->next_sentence, TUFF_IGNORED);
        for (uint32_t j = 0; j < sequence.visible_count; j++)
            cr_expect_eq(sequence.tokens[j].type, 0);
    }
}

Test(task_pretrain_data, what_cannot_be_used_is_refused) {
    struct tuff_pretrain_options options = options_for(16);
    struct tuff_pretrain_place place = { .start = { 0, 1000 } };
    struct tuff_sequence sequence;
    test_write(folder, "a.txt", "\n \n\t\r\n");
    paths[0] = test_path(folder, "a.txt");
    open_data(&options);
    cr_expect_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_FORMAT);
    cr_expect_eq(tuff_pretrain_data_seek(&data, &place), TUFF_OK);
    cr_expect_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_FORMAT);
    tuff_pretrain_data_close(&data);
    options.length = 7;
    cr_expect_eq(tuff_pretrain_data_open(&options, &data), TUFF_ARGUMENT);
    options.length = 16;
    options.vocab_size = 12;
    cr_expect_eq(tuff_pretrain_data_open(&options, &data), TUFF_FORMAT);
    options.vocab_size = 13;
    paths[0] = "/nowhere/corpus.txt";
    open_data(&options);
    cr_expect_eq(tuff_pretrain_data_batch(&data, 1, &sequence), TUFF_IO);
}

Test(task_pretrain_data, shares_are_those_of_the_recipe) {
    struct tuff_pretrain_options options = options_for(64);
    struct tuff_sequence sequences[16];
    static char path[TEST_PATH_SIZE];
    double tokens = 0, asked = 0, masked = 0, kept = 0, random = 0, count = 0;
    tuff_tokenizer_close(tokenizer);
    tokenizer = NULL;
    cr_assert_eq(tuff_tokenizer_open(test_oracle("tasks/corpus/model-init"), NULL, &tokenizer), TUFF_OK);
    strcpy(path, test_oracle("tasks/corpus/corpus.txt"));
    paths[0] = path;
    options.tokenizer = tokenizer;
    options.vocab_size = 4096;
    open_data(&options);
    for (int batch = 0; batch < 300; batch++) {
        cr_assert_eq(tuff_pretrain_data_batch(&data, COUNT(sequences), sequences), TUFF_OK);
        for (size_t i = 0; i < COUNT(sequences); i++) {
            const struct tuff_sequence *sequence = &sequences[i];
            count++;
            tokens += sequence->visible_count;
            asked += sequence->asked_count;
            random += sequence->targets->next_sentence;
            for (uint32_t j = 0; j < sequence->asked_count; j++) {
                masked += sequence->tokens[sequence->asked[j]].id == 4;
                kept += sequence->tokens[sequence->asked[j]].id == sequence->targets->asked_labels[j];
            }
        }
    }
    cr_expect(tokens / count > 55 && tokens / count < 64, "%g tokens a sequence", tokens / count);
    cr_expect_float_eq(asked / tokens, 0.15, 0.01);
    cr_expect_float_eq(masked / asked, 0.8, 0.01);
    cr_expect_float_eq(kept / asked, 0.1, 0.01);
    cr_expect_float_eq(random / count, 0.5, 0.03);
}

/* ---------------------------------------------------------------- ready batches */

static struct tuff_config config = { .vocab_size = 4096,
                                     .max_position_embeddings = 128,
                                     .type_vocab_size = 2 };

Test(task_pretrain_data, ready_batches_are_read) {
    struct tuff_pretrain_batches batches;
    struct tuff_sequence sequences[16];
    double asked = 0, random = 0;
    cr_assert_eq(
        tuff_pretrain_batches_open(test_oracle("tasks/corpus/batches.safetensors"), &config, &batches),
        TUFF_OK, "%s", tuff_error_message());
    cr_expect_eq(batches.count, 8000);
    cr_expect_eq(batches.length, 64);
    for (size_t first = 0; first < batches.count; first += 16) {
        cr_assert_eq(tuff_pretrain_batches_read(&batches, first, 16, sequences), TUFF_OK, "%s",
                     tuff_error_message());
        for (size_t i = 0; i < 16; i++) {
            expect_form(&sequences[i], 64);
            asked += sequences[i].asked_count;
            random += sequences[i].targets->next_sentence;
        }
    }
    cr_expect(asked > 60000 && asked < 80000, "%g", asked);
    cr_expect(random > 3500 && random < 4500, "%g", random);
    tuff_pretrain_batches_close(&batches);
}

enum { FIELDS = 7 };
static const char *const names[FIELDS] = { "input_ids",           "input_mask",    "segment_ids",
                                           "masked_lm_positions", "masked_lm_ids", "masked_lm_weights",
                                           "next_sentence_labels" };

/* Two rows of three tokens with one prediction each; `field` has `value` at `index`. */
static tuff_status read_batches(const char *left_out, int field, size_t index, int32_t value) {
    int32_t values[FIELDS][6] = {
        { 2, 5, 3, 2, 7, 3 }, { 1, 1, 1, 1, 1, 0 }, { 0 }, { 1, 1 }, { 6, 8 }, { 0 }, { 0, 1 }
    };
    float weights[2] = { 1, 0 };
    struct tuff_pretrain_batches batches;
    struct tuff_sequence sequences[2];
    tuff_arrays *arrays = NULL;
    cr_assert_eq(tuff_arrays_create(NULL, &arrays), TUFF_OK);
    if (field == 5)
        weights[index] = (float)value / 2;
    else if (field >= 0)
        values[field][index] = value;
    for (int i = 0; i < FIELDS; i++) {
        const tuff_array array = { .name = names[i],
                                   .dtype = i == 5 ? TUFF_F32 : TUFF_I32,
                                   .rank = i == 6 ? 1 : 2,
                                   .shape = { 2, i < 3 ? 3 : 1 },
                                   .data = i == 5 ? (const void *)weights : values[i] };
        if (strcmp(names[i], left_out) != 0)
            cr_assert_eq(tuff_arrays_add(arrays, &array), TUFF_OK);
    }
    cr_assert_eq(tuff_arrays_save(arrays, test_path(folder, "b.safetensors")), TUFF_OK, "%s",
                 tuff_error_message());
    tuff_arrays_free(arrays);
    tuff_status status = tuff_pretrain_batches_open(test_path(folder, "b.safetensors"), &config, &batches);
    if (status == TUFF_OK) {
        status = tuff_pretrain_batches_read(&batches, 0, 2, sequences);
        if (status == TUFF_OK) {
            cr_expect_eq(sequences[1].visible_count, 2);
            cr_expect_eq(sequences[0].targets->asked_labels[0], 6);
            cr_expect_eq(sequences[1].asked_count, 0);
            cr_expect_eq(sequences[1].targets->next_sentence, 1);
        }
        tuff_pretrain_batches_close(&batches);
    }
    return status;
}

Test(task_pretrain_data, malformed_batches_are_refused_by_field) {
    static const struct {
        int field;
        size_t index;
        int32_t value;
    } rows[] = { { 0, 1, 4096 }, { 0, 1, -1 }, { 1, 1, 0 }, { 1, 1, 2 }, { 2, 0, 2 },
                 { 3, 0, 3 },    { 4, 0, -1 }, { 5, 0, 1 }, { 6, 0, 2 } };
    cr_assert_eq(read_batches("", -1, 0, 0), TUFF_OK, "%s", tuff_error_message());
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect_eq(read_batches("", rows[i].field, rows[i].index, rows[i].value), TUFF_FORMAT, "row %zu",
                     i);
        cr_expect(strstr(tuff_error_message(), names[rows[i].field]) != NULL, "row %zu: %s", i,
                  tuff_error_message());
    }
    for (int i = 0; i < FIELDS; i++)
        cr_expect_eq(read_batches(names[i], -1, 0, 0), TUFF_FORMAT, "%s", names[i]);
}
