/* SPDX-License-Identifier: Apache-2.0 */
/* Examples to sequences and targets. The usual small tokenizer has a = 5, ##a = 6, b = 7, ##b = 8, ab = 9, !
 * = 10, [CLS] = 2, [SEP] = 3. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/folder.h"
#include "support/tokenizer.h"
#include "task/features.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[TEST_PATH_SIZE];
static tuff_tokenizer *tokenizer;
static struct tuff_dataset dataset;
static struct tuff_feature_set features;

static void enter_folder(void) {
    const struct test_tokenizer usual = { 0 };
    test_folder_make(folder);
    tokenizer = test_tokenizer_open(&usual);
}

static void remove_folder(void) {
    tuff_feature_set_free(&features);
    tuff_dataset_free(&dataset);
    tuff_tokenizer_close(tokenizer);
    test_folder_remove(folder);
}

TestSuite(task_features, .init = enter_folder, .fini = remove_folder);

static void read_examples(const char *name, const char *content, const struct tuff_dataset_options *options) {
    test_write(folder, name, content);
    cr_assert_eq(tuff_dataset_read(test_path(folder, name), options, &dataset), TUFF_OK, "%s",
                 tuff_error_message());
}

static tuff_status try_to_make(uint32_t max_length, uint32_t stride, size_t limit) {
    return tuff_feature_set_make(&dataset,
                                 &(struct tuff_feature_options){ .tokenizer = tokenizer,
                                                                 .vocab_size = 13,
                                                                 .type_vocab_size = 2,
                                                                 .max_length = max_length,
                                                                 .stride = stride,
                                                                 .limit = limit },
                                 &features);
}

static void make(uint32_t max_length, uint32_t stride) {
    cr_assert_eq(try_to_make(max_length, stride, 0), TUFF_OK, "%s", tuff_error_message());
}

/* "id/type id/type", and row labels behind where there are any. */
static void expect_rows(size_t index, const char *expected) {
    char text[512];
    int length = 0;
    const struct tuff_sequence *sequence = &features.sequences[index];
    for (uint32_t i = 0; i < sequence->visible_count; i++) {
        const struct tuff_row *row = &sequence->tokens[i];
        cr_expect_eq(row->position, (int32_t)i);
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%d/%d", i ? " " : "", row->id,
                           row->type);
        if (sequence->targets->row_labels)
            length += snprintf(text + length, sizeof text - (size_t)length, "/%d",
                               sequence->targets->row_labels[i]);
    }
    cr_expect_str_eq(text, expected, "sequence %zu: %s", index, text);
}

Test(task_features, texts_and_pairs_have_their_class) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_CLASS };
    read_examples("a.tsv", "sentence1\tsentence2\tlabel\na\tb!\tx\naba a a\tb\ty\n", &options);
    make(6, 0);
    cr_assert_eq(features.count, 2);
    cr_expect_eq(features.group, 1);
    cr_expect_eq(features.truncated, 1);
    expect_rows(0, "2/0 5/0 3/0 7/1 10/1 3/1");
    expect_rows(1, "2/0 9/0 6/0 3/0 7/1 3/1");
    cr_expect_eq(features.sequences[0].targets->label, 0);
    cr_expect_eq(features.sequences[1].targets->label, 1);
    cr_expect_eq(features.token_count, 12);
}

Test(task_features, numbers_and_labels_are_floats) {
    const struct tuff_dataset_options number = { .kind = TUFF_DATASET_NUMBER,
                                                 .label_scale = 2,
                                                 .label_offset = 1 };
    const struct tuff_dataset_options labels = { .kind = TUFF_DATASET_LABELS };
    read_examples("a.tsv", "text\tscore\na\t2\n", &number);
    make(8, 0);
    cr_expect_float_eq(features.sequences[0].targets->numbers[0], 0.5F, 0);
    tuff_feature_set_free(&features);
    tuff_dataset_free(&dataset);
    read_examples("a.tsv", "text\tlabels\na\tx,z\nb\ty\n", &labels);
    make(8, 0);
    const float *numbers = features.sequences[0].targets->numbers;
    cr_expect(numbers[0] > 0 && numbers[1] <= 0 && numbers[2] > 0);
}

Test(task_features, tags_label_the_first_piece_of_each_word) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_TAGS };
    /* The second word has no piece at all: a zero-width space is removed. */
    read_examples("a.conll", "aba\tO\n\xe2\x80\x8b\tX\nb!b\tY\na\tO\n", &options);
    make(7, 0);
    expect_rows(0, "2/0/-100 9/0/0 6/0/-100 7/0/2 10/0/-100 7/0/-100 3/0/-100");
    cr_expect_eq(features.truncated, 1);
    cr_expect_eq(features.items[0].words[1], 0);
    cr_expect_eq(features.items[0].words[3], 2);
    cr_expect_eq(features.items[0].words[4], -1);
}

Test(task_features, answers_are_found_in_the_windows_that_hold_them) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_ANSWERS };
    read_examples("a.json",
                  "{\"data\":[{\"paragraphs\":[{\"context\":\"\xc3\xa9 a ab b a\",\"qas\":[{\"id\":\"x\","
                  "\"question\":\"b\",\"answers\":[{\"text\":\"ab b\",\"answer_start\":4}]}]}]}]}",
                  &options);
    make(7, 1);
    cr_assert_eq(features.count, 2);
    expect_rows(0, "2/0 7/0 3/0 1/1 5/1 9/1 3/1");
    expect_rows(1, "2/0 7/0 3/0 9/1 7/1 5/1 3/1");
    cr_expect_eq(features.sequences[0].targets->start, 0);
    cr_expect_eq(features.sequences[0].targets->end, 0);
    cr_expect_eq(features.sequences[1].targets->start, 3);
    cr_expect_eq(features.sequences[1].targets->end, 4);
    cr_expect_eq(features.items[1].window, 1);
    cr_expect_eq(features.items[1].offsets[2].end, 0);
    cr_expect_eq(features.items[1].offsets[3].start, 5);
    cr_expect_eq(features.items[1].offsets[4].end, 9);
}

Test(task_features, a_question_that_leaves_no_room_is_refused) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_ANSWERS };
    read_examples("a.json",
                  "{\"data\":[{\"paragraphs\":[{\"context\":\"a a a\",\"qas\":[{\"id\":\"x\","
                  "\"question\":\"b b b b b b b b\",\"answers\":[{\"text\":\"a\",\"answer_start\":0}]}]}]}]}",
                  &options);
    cr_expect_eq(try_to_make(8, 1, 0), TUFF_ARGUMENT);
    cr_expect(strstr(tuff_error_message(), "question 1") != NULL, "%s", tuff_error_message());
}

Test(task_features, choices_and_similar_texts_stay_together) {
    const struct tuff_dataset_options choices = { .kind = TUFF_DATASET_CHOICES };
    const struct tuff_dataset_options similar = { .kind = TUFF_DATASET_SIMILAR };
    struct tuff_sequence batch[4];
    const uint32_t order[] = { 1, 0 };
    read_examples("a.jsonl",
                  "{\"context\":\"a\",\"choices\":[\"a\",\"b\"],\"label\":1}\n"
                  "{\"context\":\"b\",\"choices\":[\"!\",\"ab\"],\"label\":0}\n",
                  &choices);
    make(8, 0);
    cr_expect_eq(features.group, 2);
    expect_rows(3, "2/0 7/0 3/0 9/1 3/1");
    cr_expect_eq(features.sequences[0].targets->label, 1);
    tuff_feature_set_batch(&features, order, 2, batch);
    cr_expect_eq(batch[0].tokens, features.sequences[2].tokens);
    cr_expect_eq(batch[3].tokens, features.sequences[1].tokens);
    tuff_feature_set_free(&features);
    tuff_dataset_free(&dataset);
    read_examples("a.tsv", "anchor\tpositive\na\tab\n", &similar);
    make(8, 0);
    cr_expect_eq(features.group, 2);
    expect_rows(1, "2/0 9/0 3/0");
}

Test(task_features, a_vocabulary_that_is_too_small_is_refused) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_SIMILAR };
    const struct tuff_feature_options small = {
        .tokenizer = tokenizer, .vocab_size = 9, .type_vocab_size = 2, .max_length = 8
    };
    read_examples("a.tsv", "anchor\tpositive\na\tab\n", &options);
    cr_expect_eq(tuff_feature_set_make(&dataset, &small, &features), TUFF_FORMAT);
    cr_expect_eq(features.count, 0);
}

Test(task_features, order_follows_from_seed_and_epoch) {
    uint32_t file[50], first[50], again[50], second[50];
    bool is_there[50] = { false };
    tuff_order_fill(50, false, 1, 0, file);
    tuff_order_fill(50, true, 1, 0, first);
    tuff_order_fill(50, true, 1, 0, again);
    tuff_order_fill(50, true, 1, 1, second);
    cr_expect_arr_eq(first, again, sizeof first);
    cr_expect_arr_neq(first, second, sizeof first);
    for (uint32_t i = 0; i < 50; i++) {
        cr_expect_eq(file[i], i);
        is_there[first[i]] = true;
    }
    for (uint32_t i = 0; i < 50; i++)
        cr_expect(is_there[i]);
}

/* What the reference's recipes see. */
static void read_task(const char *model, const char *file, const struct tuff_dataset_options *options,
                      uint32_t max_length, uint32_t stride) {
    tuff_tokenizer_close(tokenizer);
    tokenizer = NULL;
    cr_assert_eq(tuff_tokenizer_open(test_oracle(model), NULL, &tokenizer), TUFF_OK, "%s",
                 tuff_error_message());
    cr_assert_eq(tuff_dataset_read(test_oracle(file), options, &dataset), TUFF_OK, "%s",
                 tuff_error_message());
    cr_assert_eq(tuff_feature_set_make(&dataset,
                                       &(struct tuff_feature_options){ .tokenizer = tokenizer,
                                                                       .vocab_size = 30522,
                                                                       .type_vocab_size = 2,
                                                                       .max_length = max_length,
                                                                       .stride = stride },
                                       &features),
                 TUFF_OK, "%s", tuff_error_message());
}

Test(task_features, reference_windows_are_as_many_and_as_long) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_ANSWERS };
    /* Losses of the first batches of the exact curve, whose head is zeros: the logarithm of the longest row,
     * to which the reference pads a batch. */
    static const double losses[] = { 3.8066630363464355, 4.127134323120117, 4.430506706237793 };
    read_task("models/minilm-l6-v2-fp16", "tasks/qa/train.json", &options, 128, 48);
    cr_expect_eq(features.count, 801);
    for (size_t batch = 0; batch < COUNT(losses); batch++) {
        double longest = 0;
        for (size_t i = 0; i < 8; i++)
            longest = fmax(longest, features.sequences[8 * batch + i].visible_count);
        /* By the third batch the head has moved a little. */
        cr_expect(fabs(log(longest) - losses[batch]) < (batch < 2 ? 2e-6 : 1e-3), "batch %zu: %g rows", batch,
                  longest);
    }
}

Test(task_features, reference_answers_are_the_text_of_their_rows) {
    const struct tuff_dataset_options options = { .kind = TUFF_DATASET_ANSWERS };
    size_t found = 0;
    read_task("models/minilm-l6-v2-fp16", "tasks/qa/train.json", &options, 128, 48);
    for (size_t i = 0; i < features.count; i++) {
        const struct tuff_targets *targets = features.sequences[i].targets;
        const struct tuff_example *example = &dataset.examples[features.items[i].example];
        if (targets->start == 0)
            continue;
        found++;
        const uint32_t start = features.items[i].offsets[targets->start].start;
        const uint32_t end = features.items[i].offsets[targets->end].end;
        const tuff_text answer = example->answers[0].text;
        /* Words may reach beyond the answer, and it may begin with white space. */
        cr_expect(end > start && end - start + 16 > answer.length && end - start < answer.length + 16,
                  "window %zu: %.*s, not %.*s", i, (int)(end - start), example->texts[1].data + start,
                  (int)answer.length, answer.data);
    }
    cr_expect(found > 600, "%zu", found);
}

Test(task_features, reference_tags_and_scores_are_read) {
    struct tuff_label_names names;
    struct tuff_dataset_options tags = { .kind = TUFF_DATASET_TAGS, .labels = &names };
    const struct tuff_dataset_options scores = { .kind = TUFF_DATASET_NUMBER,
                                                 .label_scale = 2.5,
                                                 .label_offset = 2.5 };
    cr_assert_eq(tuff_label_names_read(test_oracle("tasks/ner/labels.txt"), &names), TUFF_OK);
    cr_expect_eq(names.count, 13);
    read_task("models/minilm-l6-v2-fp16", "tasks/ner/train.conll", &tags, 96, 0);
    cr_expect_eq(features.count, 1000);
    tuff_label_names_free(&names);
    tuff_feature_set_free(&features);
    tuff_dataset_free(&dataset);
    read_task("models/minilm-l6-v2-fp16", "tasks/sts/train.tsv", &scores, 96, 0);
    cr_expect_eq(features.count, 1600);
    double loss = 0;
    for (size_t i = 0; i < 8; i++)
        loss += pow(features.sequences[i].targets->numbers[0], 2) / 8;
    cr_expect(fabs(loss - 0.18132641911506653) < 1e-6, "%.9g", loss);
}
