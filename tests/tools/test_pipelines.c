/* SPDX-License-Identifier: Apache-2.0 */
/* The commands on texts against transformers' pipelines: tests/data/pipelines holds inputs and what the
 * reference answered (tools/golden/pipelines.py). Labels and words are equal, scores within 1e-4. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#define LIMIT 1e-4

/* ---------------------------------------------------------------- lines */

/* A file or an output, line by line. */
struct lines {
    char *next;
};

/* The next line as JSON, or NULL. */
static json_t *next_line(struct lines *lines) {
    char *line = lines->next;
    if (!line || !*line)
        return NULL;
    char *end = strchr(line, '\n');
    cr_assert(end != NULL, "the last line has no end: %s", line);
    json_error_t error;
    json_t *value = json_loadb(line, (size_t)(end - line), JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    cr_assert(value != NULL, "%s: %.200s", error.text, line);
    lines->next = end + 1;
    return value;
}

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_number(value), "there is no number %s", key);
    return json_number_value(value);
}

static void expect_near(double found, double wanted, const char *name, size_t line) {
    cr_expect(fabs(found - wanted) <= LIMIT, "%s, line %zu: %.7f, expected %.7f", name, line, found, wanted);
}

/* ---------------------------------------------------------------- answers */

static void expect_string(const json_t *found, const json_t *wanted, const char *key, const char *name,
                          size_t line) {
    found = json_object_get(found, key);
    wanted = json_object_get(wanted, key);
    cr_expect(json_equal(found, wanted), "%s, line %zu: %s is %s, expected %s", name, line, key,
              json_string_value(found), json_string_value(wanted));
}

/* Dictionaries with a score and texts. */
static void expect_list(const json_t *found, const json_t *wanted, const char *name, size_t line) {
    static const char *const keys[] = { "label", "token", "token_str", "sequence" };
    cr_assert_eq(json_array_size(found), json_array_size(wanted), "%s, line %zu", name, line);
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const json_t *left = json_array_get(found, i);
        const json_t *right = json_array_get(wanted, i);
        if (json_is_array(right)) {
            expect_list(left, right, name, line);
            continue;
        }
        expect_near(number(left, "score"), number(right, "score"), name, line);
        for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
            if (json_object_get(right, keys[k]))
                expect_string(left, right, keys[k], name, line);
    }
}

static void check_classify(const json_t *found, const json_t *record, const char *name, size_t line) {
    const json_t *wanted = json_object_get(record, "expected");
    expect_list(json_object_get(found, "labels"), wanted, name, line);
    expect_string(found, json_array_get(wanted, 0), "label", name, line);
}

static void check_fills(const json_t *found, const json_t *record, const char *name, size_t line) {
    expect_list(json_object_get(found, "fills"), json_object_get(record, "expected"), name, line);
}

static void check_score(const json_t *found, const json_t *record, const char *name, size_t line) {
    expect_near(number(found, "score"), number(record, "expected"), name, line);
}

static void check_choice(const json_t *found, const json_t *record, const char *name, size_t line) {
    const json_t *scores = json_object_get(found, "scores");
    const json_t *wanted = json_object_get(record, "expected");
    cr_assert_eq(json_array_size(scores), json_array_size(wanted), "%s, line %zu", name, line);
    for (size_t i = 0; i < json_array_size(wanted); i++)
        expect_near(json_number_value(json_array_get(scores, i)),
                    json_number_value(json_array_get(wanted, i)), name, line);
}

/* ---------------------------------------------------------------- the commands */

struct comparison {
    const char *command;
    const char *model;
    const char *arguments;
    void (*check)(const json_t *found, const json_t *record, const char *name, size_t line);
};

static struct test_command records_of(const struct comparison *row) {
    struct test_command records = test_command(
        "gzip -dc '" TUFF_SOURCE_DIR "/tests/data/pipelines/%s.%s.jsonl.gz'", row->command, row->model);
    cr_assert_eq(records.code, 0, "%s", records.err);
    return records;
}

static struct test_command answer(const struct comparison *row) {
    char name[96];
    snprintf(name, sizeof(name), "models/%s", row->model);
    struct test_command run =
        test_command("gzip -dc '" TUFF_SOURCE_DIR "/tests/data/pipelines/%s.%s.jsonl.gz' | "
                     "tuff %s --model '%s' --dtype f32 --format jsonl --json %s",
                     row->command, row->model, row->command, test_oracle(name), row->arguments);
    cr_assert_eq(run.code, 0, "%s %s: %s", row->command, row->model, run.err);
    return run;
}

/* Every line of the answer belongs to the same line of the records. */
static void compare(const struct comparison *row) {
    struct test_command given = records_of(row);
    struct test_command found = answer(row);
    struct lines records = { given.out };
    struct lines answers = { found.out };
    size_t count = 0;
    for (json_t *record; (record = next_line(&records)) != NULL; count++) {
        json_t *line = next_line(&answers);
        cr_assert(line != NULL, "%s %s: the answer ends at line %zu", row->command, row->model, count + 1);
        cr_expect_eq(number(line, "index"), (double)count);
        if (json_object_get(record, "id"))
            expect_string(line, record, "id", row->model, count + 1);
        row->check(line, record, row->model, count + 1);
        json_decref(line);
        json_decref(record);
    }
    cr_expect(next_line(&answers) == NULL);
    cr_expect_eq(count, 200);
}

static void compare_all(const struct comparison *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        compare(&rows[i]);
}

Test(tools_pipelines, classify) {
    static const struct comparison rows[] = {
        { "classify", "bert-tiny-seqcls3", "--top-k 100", check_classify },
        { "classify", "bert-tiny-multilabel", "--top-k 100", check_classify },
        { "classify", "bert-tiny-regression", "--top-k 100", check_classify },
        { "classify", "bert-odd96", "--top-k 100", check_classify },
    };
    compare_all(rows, sizeof(rows) / sizeof(*rows));
}

Test(tools_pipelines, fill_mask) {
    static const struct comparison rows[] = {
        { "fill-mask", "bert-tiny-mlm", "", check_fills },
        { "fill-mask", "bert-tiny-pretraining", "", check_fills },
    };
    compare_all(rows, sizeof(rows) / sizeof(*rows));
}

Test(tools_pipelines, next_sentence) {
    static const struct comparison rows[] = {
        { "next-sentence", "bert-tiny-nsp", "", check_score },
        { "next-sentence", "bert-tiny-pretraining", "", check_score },
    };
    compare_all(rows, sizeof(rows) / sizeof(*rows));
}

Test(tools_pipelines, choose) {
    static const struct comparison rows[] = { { "choose", "bert-tiny-multichoice", "", check_choice } };
    compare_all(rows, sizeof(rows) / sizeof(*rows));
}

/* Answers come sorted, the best first. */
Test(tools_pipelines, rank) {
    const struct comparison row = { "rank", "bert-tiny-regression",
                                    "'How do living things get their energy?'", check_score };
    struct test_command given = records_of(&row);
    struct test_command found = answer(&row);
    struct lines records = { given.out };
    struct lines answers = { found.out };
    json_t *all = json_array();
    for (json_t *record; (record = next_line(&records)) != NULL;)
        json_array_append_new(all, record);
    double before = HUGE_VAL;
    size_t count = 0;
    for (json_t *line; (line = next_line(&answers)) != NULL; count++) {
        const size_t index = (size_t)number(line, "index");
        cr_expect(number(line, "score") <= before, "line %zu", count + 1);
        before = number(line, "score");
        check_score(line, json_array_get(all, index), row.model, index + 1);
        json_decref(line);
    }
    cr_expect_eq(count, json_array_size(all));
    json_decref(all);
}
