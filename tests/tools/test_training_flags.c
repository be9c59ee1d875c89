/* SPDX-License-Identifier: Apache-2.0 */
/* How a step is computed is the user's choice; what it computes is not. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/command.h"
#include "support/folder.h"

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(chdir(folder), 0);
    test_write(".", "classes.tsv",
               "sentence\tlabel\na good film\tgood\na bad film\tbad\nvery good\tgood\nso bad\tbad\n"
               "good and fine\tgood\nbad and dull\tbad\na dull good film\tgood\n");
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_training_flags, .init = enter_folder, .fini = remove_folder, .timeout = 300);

#define CLASSIFY "tuff finetune classify --train classes.tsv --learning-rate 1e-3 --epochs 3 "

/* The losses in a run's metrics.jsonl; returns how many. */
static size_t losses_of(const char *run, double *out_losses, size_t capacity) {
    size_t count = 0;
    for (const char *at = test_read(test_path(run, "metrics.jsonl"), NULL); (at = strstr(at, "\"loss\":"));
         at++)
        if (count < capacity)
            out_losses[count++] = strtod(at + strlen("\"loss\":"), NULL);
    return count;
}

static void run_both(const char *first, const char *second) {
    const char *model = test_oracle("models/bert-relu");
    struct test_command one = test_command(CLASSIFY "%s --model %s --output first", first, model);
    cr_assert_eq(one.code, 0, "%s", one.err);
    struct test_command other = test_command(CLASSIFY "%s --model %s --output second", second, model);
    cr_assert_eq(other.code, 0, "%s", other.err);
}

/* The last step of an epoch has fewer examples than the others. */
Test(tools_training_flags, batches_add_up_to_a_large_one) {
    double large[16], small[16];
    run_both("--dropout 0 --batch-size 4", "--dropout 0 --batch-size 2 --accumulate 2");
    size_t steps = losses_of("first", large, 16);
    cr_assert_eq(steps, 6);
    cr_assert_eq(losses_of("second", small, 16), steps);
    for (size_t i = 0; i < steps; i++)
        cr_expect_leq(fabs(small[i] - large[i]), 1e-5 * large[i], "step %zu: %.9g for %.9g", i, small[i],
                      large[i]);
}
