/* SPDX-License-Identifier: Apache-2.0 */
/* Fine-tuning follows PyTorch step by step: tests/data/curves, which tools/golden/training_curves.py made, and, where
 * TUFF_LONG_TESTS is set, the exact curves of the oracle. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/command.h"
#include "support/folder.h"

enum { STEPS = 10 };

TestSuite(tools_curves, .init = test_folder_enter, .fini = test_folder_leave, .timeout = 1800);

static json_t *load(const char *path) {
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    cr_assert(root != NULL, "%s: %s", path, error.text);
    return root;
}

static double number(const json_t *root, const char *key, size_t index) {
    return json_number_value(json_array_get(json_object_get(root, key), index));
}

/* The first lines of OUT/metrics.jsonl against the two lists of a reference. */
static void expect_curve(const char *name, const json_t *reference, const char *losses, const char *norms,
                         double tolerance) {
    char *line = strtok(test_read("out/metrics.jsonl", NULL), "\n");
    for (size_t step = 0; step < STEPS; step++, line = strtok(NULL, "\n")) {
        cr_assert(line != NULL, "%s: there is no step %zu", name, step + 1);
        json_t *row = json_loads(line, 0, NULL);
        cr_assert(row != NULL, "%s", line);
        double loss = json_number_value(json_object_get(row, "loss")),
               expected = number(reference, losses, step);
        double norm = json_number_value(json_object_get(row, "gradient_norm"));
        double expected_norm = number(reference, norms, step);
        cr_expect(fabs(loss - expected) <= tolerance * fabs(expected),
                  "%s, step %zu: the loss is %.9g, expected %.9g", name, step + 1, loss, expected);
        cr_expect(fabs(norm - expected_norm) <= tolerance * expected_norm,
                  "%s, step %zu: the norm is %.9g, expected %.9g", name, step + 1, norm, expected_norm);
        json_decref(row);
    }
}

static void follow(const char *name) {
    char path[2 * TEST_PATH_SIZE];
    snprintf(path, sizeof path, TUFF_SOURCE_DIR "/tests/data/curves/%s.json", name);
    json_t *curve = load(path);
    const char *file = json_string_value(json_object_get(curve, "file"));
    test_write(".", file, json_string_value(json_object_get(curve, "text")));
    test_write(".", "labels.txt", "O\nB-X\nI-X\n");
    struct test_command run = test_command("tuff finetune %s --model " TUFF_SOURCE_DIR
                                           "/tests/data/models/small-classes --train %s --output out %s",
                                           json_string_value(json_object_get(curve, "task")), file,
                                           json_string_value(json_object_get(curve, "flags")));
    cr_assert_eq(run.code, 0, "%s: %s", name, run.err);
    /* Ten times what single precision was seen to make of these. */
    expect_curve(name, curve, "losses", "gradient_norms", 1e-4);
    json_decref(curve);
}

Test(tools_curves, every_task_follows_pytorch) {
    static const char *const names[] = { "classify",       "regress",       "tag",   "answer",
                                         "answer-padded",  "rank",          "embed", "trainable-head",
                                         "trainable-last", "trainable-bias" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        follow(names[i]);
}

/* Minutes on a CPU: one minute on a quiet core of Mesa 26's, twenty with Mesa 22.3. */
Test(tools_curves, the_exact_curves_of_the_oracle_are_followed) {
    static const struct {
        const char *name, *task, *data;
    } curves[] = {
        { "sentiment", "classify",
          "train.tsv --text-column sentence --limit 320 --warmup 0.1 --max-length 64" },
        { "sts", "regress",
          "train.tsv --text-column sentence1 --pair-column sentence2 --label-column score --label-offset 2.5 "
          "--label-scale 2.5 --limit 128 --warmup 0.25 --max-length 96" },
        { "ner", "tag", "train.conll --labels %s/labels.txt --limit 128 --warmup 0.25 --max-length 96" },
        { "qa", "answer",
          "train.json --padding longest --limit 128 --warmup 0.25 --max-length 128 --stride 48" },
    };
    if (!getenv("TUFF_LONG_TESTS"))
        cr_skip_test("TUFF_LONG_TESTS is not set");
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        char tasks[TEST_PATH_SIZE], data[3 * TEST_PATH_SIZE], path[2 * TEST_PATH_SIZE];
        snprintf(path, sizeof path, "tasks/%s", curves[i].name);
        snprintf(tasks, sizeof tasks, "%s", test_oracle(path));
        snprintf(data, sizeof data, curves[i].data, tasks);
        snprintf(path, sizeof path, "%s/reference.json", tasks);
        json_t *reference = load(path);
        const json_t *curve = json_object_get(reference, "exact_curve");
        struct test_command run = test_command(
            "tuff finetune %s --model %s --train %s/%s --learning-rate %g --batch-size 8 --epochs 1 "
            "--order file --head zeros --dropout 0 --output out",
            curves[i].task, test_oracle("models/minilm-l6-v2-fp16"), tasks, data,
            json_number_value(json_object_get(curve, "lr")));
        cr_assert_eq(run.code, 0, "%s: %s", curves[i].name, run.err);
        expect_curve(curves[i].name, curve, "losses_fp32", "grad_norms_fp32", 1e-3);
        json_decref(reference);
    }
}
