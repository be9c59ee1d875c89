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

static void enter_folder(void) {
    test_folder_enter();
    test_write(".", "classes.tsv",
               "sentence\tlabel\na good film\tgood\na bad film\tbad\nvery good\tgood\nso bad\tbad\n"
               "good and fine\tgood\nbad and dull\tbad\na dull good film\tgood\n");
}

TestSuite(tools_training_flags, .init = enter_folder, .fini = test_folder_leave, .timeout = 300);

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

Test(tools_training_flags, layers_computed_again_draw_the_same_dropout) {
    size_t size = 0, other_size = 0;
    run_both("--batch-size 4", "--batch-size 4 --checkpoint-activations");
    const char *kept = test_read("first/model.safetensors", &size);
    const char *again = test_read("second/model.safetensors", &other_size);
    cr_expect(size == other_size && memcmp(kept, again, size) == 0);
}

/* Bytes of activations of a step of a model with twelve layers. */
static double activations_of(const char *flags) {
    struct test_command run = test_command(
        "tuff pretrain --config config.json --vocab vocab.txt --corpus corpus.txt --steps 1 --batch-size 16 "
        "--length 64 --one-length --verbose --output out %s",
        flags);
    cr_assert_eq(run.code, 0, "%s", run.err);
    const char *said = strstr(run.err, " bytes of device memory for activations");
    cr_assert_not_null(said, "%s", run.err);
    while (said > run.err && said[-1] >= '0' && said[-1] <= '9')
        said--;
    return strtod(said, NULL);
}

Test(tools_training_flags, layers_computed_again_need_a_third_of_the_memory) {
    test_write(".", "config.json",
               "{\"model_type\":\"bert\",\"vocab_size\":12,\"hidden_size\":32,\"num_hidden_layers\":12,"
               "\"num_attention_heads\":2,\"intermediate_size\":128,\"max_position_embeddings\":64,"
               "\"type_vocab_size\":2,\"hidden_act\":\"gelu\",\"layer_norm_eps\":1e-12}");
    test_write(".", "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsun\nrain\nwind\nsea\nis\nthe\nhere\n");
    FILE *corpus = fopen("corpus.txt", "w");
    cr_assert_not_null(corpus);
    for (int i = 0; i < 200; i++)
        fprintf(corpus, "the sun is here the rain is here the wind\nthe sea is here%s\n", i % 5 ? "" : "\n");
    fclose(corpus);
    double kept = activations_of("");
    double again = activations_of("--checkpoint-activations");
    cr_expect_lt(again, kept / 3, "%.0f of %.0f bytes", again, kept);
}

/* Rounded to halves on the way, so that it is near and not the same. */
Test(tools_training_flags, mixed_precision_follows_single) {
    double single[16], mixed[16];
    run_both("--dropout 0 --batch-size 4", "--dropout 0 --batch-size 4 --dtype f16");
    size_t steps = losses_of("first", single, 16);
    cr_assert_eq(losses_of("second", mixed, 16), steps);
    for (size_t i = 0; i < steps; i++)
        cr_expect_leq(fabs(mixed[i] - single[i]), 0.02, "step %zu: %.9g for %.9g", i, mixed[i], single[i]);
    cr_expect(strstr(test_read("second/metrics.jsonl", NULL), "\"loss_scale\":65536,"));
    cr_expect_null(strstr(test_read("first/metrics.jsonl", NULL), "loss_scale"));
}

/* The loss scale is part of what is gone on from. */
Test(tools_training_flags, a_killed_run_in_mixed_precision_goes_on) {
    const char *const line =
        CLASSIFY "--batch-size 2 --dtype f16 --checkpoint-every 1 --resume --model %s --output %s";
    const char *model = test_oracle("models/bert-relu");
    struct test_command run = test_command(line, model, "whole");
    cr_assert_eq(run.code, 0, "%s", run.err);
    for (int i = 1; i <= 3; i++) {
        char killed[2 * TEST_PATH_SIZE];
        snprintf(killed, sizeof killed, line, model, "parts");
        test_command("timeout -s KILL 0.%d %s; true", 3 * i, killed);
    }
    run = test_command(line, model, "parts");
    cr_assert_eq(run.code, 0, "%s", run.err);
    size_t size = 0, other_size = 0;
    const char *whole = test_read("whole/model.safetensors", &size);
    const char *parts = test_read("parts/model.safetensors", &other_size);
    cr_expect(size == other_size && memcmp(whole, parts, size) == 0);
    run = test_command(CLASSIFY "--batch-size 2 --resume --model %s --output parts", model);
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "f16"), "%s", run.err);
}
