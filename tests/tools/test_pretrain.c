/* SPDX-License-Identifier: Apache-2.0 */
/* tuff vocab, pretrain and plot, as a user runs them one after the other. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

/* The first steps on the oracle's ready batches have the losses of float64. */
Test(tools_pretrain, the_exact_curve_is_followed) {
    char folder[TEST_PATH_SIZE], corpus[TEST_PATH_SIZE];
    test_folder_make(folder);
    snprintf(corpus, sizeof corpus, "%s", test_oracle("tasks/corpus"));
    struct test_command run = test_command(
        "tuff pretrain --model %s/model-init --batches %s/batches.safetensors --batch-size 16 --steps 4 "
        "--learning-rate 1e-3 --warmup-steps 50 --dropout 0 --quiet --output %s/run",
        corpus, corpus, folder);
    cr_assert_eq(run.code, 0, "%s", run.err);
    json_t *reference = json_load_file(test_path(corpus, "reference.json"), 0, NULL);
    cr_assert_not_null(reference);
    const json_t *exact = json_object_get(reference, "exact_f64_first_40");
    char path[TEST_PATH_SIZE + 32], line[1024];
    snprintf(path, sizeof path, "%s/run/metrics.jsonl", folder);
    FILE *metrics = fopen(path, "r");
    cr_assert_not_null(metrics);
    for (size_t step = 0; step < 4; step++) {
        cr_assert_not_null(fgets(line, sizeof line, metrics));
        json_t *row = json_loads(line, 0, NULL);
        double loss = json_number_value(json_object_get(row, "loss"));
        double expected = json_number_value(json_array_get(json_object_get(exact, "mlm"), step)) +
                          json_number_value(json_array_get(json_object_get(exact, "nsp"), step));
        cr_expect(fabs(loss / expected - 1) <= 1e-3, "step %zu: loss %.7g, not %.7g", step, loss, expected);
        json_decref(row);
    }
    fclose(metrics);
    json_decref(reference);
    struct test_command plot =
        test_command("tuff plot %s/run && head -c 4 %s/run/metrics.svg", folder, folder);
    cr_expect_eq(plot.code, 0, "%s", plot.err);
    cr_expect(strncmp(plot.out, "<svg", 4) == 0 || strncmp(plot.out, "<?xm", 4) == 0, "%s", plot.out);
    test_folder_remove(folder);
}

Test(tools_pretrain, a_corpus_makes_a_model_from_scratch) {
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    struct test_command run =
        test_command("cd " TUFF_SOURCE_DIR " && small=tests/data/models/small-pretraining\n"
                     "tuff pretrain --config $small/config.json --vocab $small/vocab.txt --corpus "
                     "tools/demo.txt README.md "
                     "--length 16 --batch-size 4 --steps 2 --schedule constant --quiet --output %s/run && "
                     "tuff fill-mask --model %s/run --top-k 1 --json 'a [MASK] b'",
                     folder, folder);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect_not_null(strstr(run.out, "token_str"), "%s", run.out);
    test_folder_remove(folder);
}

Test(tools_pretrain, a_vocabulary_begins_with_the_special_tokens) {
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    struct test_command run = test_command(
        "tuff vocab --corpus %s/tools/demo.txt --size 200 --out %s/vocab.txt && wc -l < %s/vocab.txt && "
        "head -n 5 %s/vocab.txt | tr '\\n' ' '",
        TUFF_SOURCE_DIR, folder, folder, folder);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect_str_eq(run.out, "200\n[PAD] [UNK] [CLS] [SEP] [MASK] ");
    test_folder_remove(folder);
}

Test(tools_pretrain, what_is_missing_is_said) {
    struct test_command run = test_command("tuff vocab --corpus /nowhere.txt --size 200");
    cr_expect_eq(run.code, 1);
    cr_expect_not_null(strstr(run.err, "/nowhere.txt"), "%s", run.err);
    run = test_command("tuff plot /nowhere");
    cr_expect_eq(run.code, 1);
}
