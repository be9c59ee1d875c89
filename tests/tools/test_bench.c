/* SPDX-License-Identifier: Apache-2.0 */
/* bench: what is measured, and that its numbers fit together. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(tools_bench, .timeout = 300);

Test(tools_bench, lists_are_checked) {
    static const struct {
        const char *line;
        const char *sentence;
    } rows[] = {
        { "tuff bench", "one of --model, --shape" },
        { "tuff bench --model x --shape base", "one of --model, --shape" },
        { "tuff bench --shape base,huge", "--shape takes some of base|large|minilm, not 'huge'" },
        { "tuff bench --shape base --batch 0", "--batch takes whole numbers from 1" },
        { "tuff bench --shape base --batch 1,,2", "an item of '1,,2' is empty" },
        { "tuff bench --shape base --length 1x", "--length takes whole numbers from 1" },
        { "tuff bench --shape base --dtype f8", "--dtype takes some of" },
        { "tuff bench --shape base --train --dtype int8", "int8 is a type of models that are not trained" },
        { "tuff bench --op matmul --dtype f32,int8", "int8 is a type of models that are not trained" },
        { "tuff bench --shape base --repeat 0", "--repeat takes a whole number" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_command run = test_command("%s </dev/null", rows[i].line);
        cr_expect_eq(run.code, 2, "%s: exit code %d", rows[i].line, run.code);
        cr_expect(strstr(run.err, rows[i].sentence) != NULL, "%s: %s", rows[i].line, run.err);
    }
}

static double number(const json_t *row, const char *key) {
    const json_t *value = json_object_get(row, key);
    cr_assert(json_is_number(value), "%s is missing", key);
    return json_number_value(value);
}

static bool is_near(double a, double b) {
    return fabs(a - b) <= 1e-4 * fabs(b);
}

/* Each batch with each length: the rates follow from the times. */
Test(tools_bench, a_grid_gives_a_row_each) {
    static const double sizes[][2] = { { 1, 8 }, { 1, 16 }, { 2, 8 }, { 2, 16 } };
    struct test_command run =
        test_command("tuff bench --model %s --batch 1,2 --length 8,16 --dtype f32 --repeat 2 --json",
                     test_oracle("models/bert-relu"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    char *line = strtok(run.out, "\n");
    for (size_t i = 0; i < COUNT(sizes); i++, line = strtok(NULL, "\n")) {
        cr_assert(line != NULL, "%zu rows", i);
        json_t *row = json_loads(line, 0, NULL);
        cr_assert(row != NULL, "%s", line);
        double seconds = number(row, "ms_median") / 1e3;
        cr_expect(is_near(number(row, "sentences_per_second"), sizes[i][0] / seconds), "%s", line);
        cr_expect(is_near(number(row, "tokens_per_second"), sizes[i][0] * sizes[i][1] / seconds), "%s", line);
        cr_expect(number(row, "ms_p95") >= number(row, "ms_median") && number(row, "gflops") > 0, "%s", line);
        json_decref(row);
    }
    cr_expect(line == NULL, "%s", line);
}

Test(tools_bench, a_length_without_positions_is_refused) {
    struct test_command run =
        test_command("tuff bench --model %s --length 60000", test_oracle("models/bert-relu"));
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "positions for 1 to") != NULL, "%s", run.err);
}

/* The plain C reference says that the model's sentences and ops are right at the sizes that are timed. */
Test(tools_bench, speeds_come_with_errors) {
    struct test_command run =
        test_command("tuff bench --model %s --batch 2 --length 9 --dtype f32 --repeat 1 --json; "
                     "tuff bench --op pool,embedding --dtype f32 --repeat 1 --json",
                     test_oracle("models/bert-relu"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    size_t count = 0;
    for (char *line = strtok(run.out, "\n"); line; line = strtok(NULL, "\n"), count++) {
        json_t *row = json_loads(line, 0, NULL);
        cr_assert(row != NULL, "%s", line);
        double error = number(row, "error");
        cr_expect(error > 0 && error < 1e-5, "%s", line);
        cr_expect(number(row, "peak_share") > 0, "%s", line);
        json_decref(row);
    }
    cr_expect_eq(count, 4, "%zu rows", count);
}

/* Products in 8 bits are a type of their own, with their kernel's name; the reference rounds as they do. */
Test(tools_bench, int8_is_a_type) {
    struct test_command run =
        test_command("tuff bench --model %s --batch 2 --length 9 --dtype int8 --repeat 1 --json --quiet",
                     test_oracle("models/bert-relu"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    json_t *row = json_loads(run.out, 0, NULL);
    cr_assert(row != NULL, "%s", run.out);
    cr_expect_str_eq(json_string_value(json_object_get(row, "dtype")), "int8");
    cr_expect(strstr(json_string_value(json_object_get(row, "variant")), "int8") != NULL, "%s", run.out);
    cr_expect(number(row, "error") < 0.05, "%s", run.out);
    json_decref(row);
}

Test(tools_bench, a_training_step_stands_beside_its_forward_pass) {
    struct test_command run =
        test_command("tuff bench --model %s --batch 2 --length 9 --train --repeat 1 --json --quiet",
                     test_oracle("models/bert-relu"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(strstr(run.out, "\"workload\":\"training\"") && strstr(run.out, "\"workload\":\"loss\""), "%s",
              run.out);
}

Test(tools_bench, files_are_held_against_each_other) {
    static char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    test_write(
        folder, "a.jsonl",
        "{\"model\":\"m\",\"workload\":\"forward\",\"shape\":\"1x8\",\"dtype\":\"f32\",\"ms_median\":9}\n"
        "{\"model\":\"m\",\"workload\":\"forward\",\"shape\":\"1x8\",\"dtype\":\"f32\",\"ms_median\":6}\n"
        "{\"op\":\"matmul\",\"workload\":\"op\",\"shape\":\"1x8\",\"dtype\":\"f32\",\"ms_median\":6}\n");
    test_write(
        folder, "b.jsonl",
        "{\"model\":\"m\",\"workload\":\"forward\",\"shape\":\"1x8\",\"dtype\":\"f32\",\"ms_median\":3}\n");
    test_write(folder, "c.jsonl", "[]\n");
    struct test_command run = test_command("cd %s; tuff bench --compare a.jsonl b.jsonl", folder);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect(strstr(run.out, "|    6.000 |    3.000 |  2.00 |"), "%s", run.out);
    cr_expect(!strstr(run.out, "9.000") && !strstr(run.out, "matmul"), "%s", run.out);
    cr_expect_eq(test_command("cd %s; tuff bench --compare a.jsonl c.jsonl", folder).code, 1);
    cr_expect_eq(test_command("cd %s; tuff bench --compare a.jsonl", folder).code, 2);
    test_folder_remove(folder);
}
