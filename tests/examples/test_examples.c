/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of tools/examples, run as a user runs them. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/command.h"
#include "support/folder.h"
#include "tuff.h"

#define EXAMPLES TUFF_BINARY_DIR "/examples/"
#define MODELS TUFF_SOURCE_DIR "/tests/data/models/"

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(examples, .init = enter_folder, .fini = remove_folder, .timeout = 1200);

Test(examples, sentences_are_compared) {
    struct test_command run =
        test_command(EXAMPLES "embed_sentences " MODELS "small-classes 'a cat' 'a cat' 'good day'");
    float table[9];
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_eq(sscanf(run.out, "%f %f %f %f %f %f %f %f %f", table, table + 1, table + 2, table + 3,
                        table + 4, table + 5, table + 6, table + 7, table + 8),
                 9);
    cr_assert(table[0] == 1 && table[1] == 1 && table[8] == 1 && table[2] < 1 && table[2] == table[6], "%s",
              run.out);
    cr_assert_eq(test_command(EXAMPLES "embed_sentences none x").code, 1);
}

Test(examples, the_line_that_is_asked_for_is_found_first) {
    test_write(".", "lines.txt", "the dog ran\na cat sat\ngood morning\n");
    struct test_command run =
        test_command(EXAMPLES "semantic_search " MODELS "small-classes lines.txt 'a cat sat'");
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_eq(strncmp(run.out, "1.000\ta cat sat\n", 16), 0, "%s", run.out);
}

Test(examples, training_is_cancelled_by_its_callback) {
    test_write(".", "train.tsv",
               "sentence\tlabel\na good film\tgood\na bad film\tbad\nvery good\tgood\nso bad\tbad\ngood and "
               "fine\tgood\n"
               "bad and dull\tbad\n");
    struct test_command run =
        test_command(EXAMPLES "finetune_and_cancel " MODELS "small-classes train.tsv out 2");
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert(strstr(run.out, "step 2 of 6"), "%s", run.out);
    cr_assert_null(strstr(run.out, "step 3"), "%s", run.out);
    cr_assert(strstr(run.out, "cancelled after step 2"), "%s", run.out);
}

/* 1,000 lines of one to some ten words that all of the models know. */
static void write_lines(void) {
    static const char *const words[] = { "good", "day", "a", "cat", "the", "dog", "in", "on", "is", "it" };
    FILE *file = fopen("lines.txt", "w");
    for (unsigned i = 0; i < 1000; i++)
        for (unsigned j = 0, last = i * 7 % 9; j <= last; j++)
            fprintf(file, "%s%s", words[(i + j * j * 3 + i / 10) % 10], j == last ? "\n" : " ");
    fclose(file);
}

/* What the same lines give on a device that tuff opened itself; count x *out_width floats. */
static float *expected_rows(const char *path, size_t *out_width) {
    static char lines[1000][128];
    tuff_text texts[1000];
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    tuff_model_info info;
    FILE *file = fopen("lines.txt", "r");
    for (size_t i = 0; i < 1000 && fgets(lines[i], sizeof lines[i], file); i++)
        texts[i] = (tuff_text){ lines[i], strcspn(lines[i], "\n") };
    fclose(file);
    cr_assert_eq(tuff_context_create(NULL, &context), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_model_open(context, path, NULL, &model), TUFF_OK, "%s", tuff_error_message());
    tuff_model_get_info(model, &info);
    const bool is_classifier = strstr(info.heads, "sequence_classification") != NULL;
    *out_width = is_classifier ? tuff_model_label_count(model) : info.embedding_size;
    float *rows = calloc(1000 * *out_width, sizeof *rows);
    tuff_status status = is_classifier ? tuff_classify(model, texts, NULL, 1000, NULL, rows, NULL)
                                       : tuff_embed(model, texts, 1000, NULL, rows, NULL);
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
    tuff_model_close(model);
    tuff_context_destroy(context);
    return rows;
}

/* The host program lets one submit onto its queue between two passes, of a bounded cost, and all rows are right. */
static void borrow(const char *model, unsigned long long submit_cost) {
    unsigned passes = 0, counted = 0, submits = 0, between = 0;
    unsigned long long cost = 0;
    size_t width = 0, size = 0;
    write_lines();
    struct test_command run =
        test_command(EXAMPLES "borrowed_device %s lines.txt rows %llu", model, submit_cost);
    cr_assert_eq(run.code, 0, "%s%s", run.out, run.err);
    fprintf(stderr, "%s: %s", model, run.out);
    cr_assert_eq(
        sscanf(run.out,
               "1000 lines, %u passes (%u counted), %u submits, at most %u between two passes, of a cost of "
               "%llu at most",
               &passes, &counted, &submits, &between, &cost),
        5, "%s", run.out);
    cr_assert_eq(between, 1);
    cr_assert_eq(passes, counted);
    cr_assert_geq(passes + 1, submits);
    cr_assert_gt(submits, 10);
    cr_assert_leq(cost, submit_cost);
    const float *rows = (const float *)(const void *)test_read("rows", &size);
    float *expected = expected_rows(model, &width);
    cr_assert_eq(size, 1000 * width * sizeof *rows);
    for (size_t i = 0; i < 1000 * width; i++)
        cr_assert_lt(fabsf(rows[i] - expected[i]), 2e-5f, "number %zu is %g, not %g", i, (double)rows[i],
                     (double)expected[i]);
    free(expected);
}

Test(examples, a_lent_device_keeps_its_frames_while_lines_are_classified) {
    borrow(MODELS "small-classes", 20000000);
}

Test(examples, a_lent_device_keeps_its_frames_while_lines_are_embedded) {
    borrow(MODELS "small-pretraining", 20000000);
}

/* With a model of a size that people use. */
Test(examples, a_lent_device_keeps_its_frames_beside_minilm) {
    if (!getenv("TUFF_LONG_TESTS"))
        cr_skip_test("TUFF_LONG_TESTS is not set");
    borrow(test_oracle("models/minilm-l6-v2-fp16"), 200000000);
}
