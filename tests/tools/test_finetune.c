/* SPDX-License-Identifier: Apache-2.0 */
/* finetune and evaluate as a user runs them, with models of two layers. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void enter_folder(void) {
    test_folder_enter();
    test_write_classes();
    test_write(".", "tags.conll", "Anna\tB-PER\nlives\tO\n\nin\tO\nRome\tB-LOC\n");
    test_write(".", "numbers.tsv", "sentence1\tsentence2\tscore\na b\tc\t1\nd\te f\t4.5\ng\th\t3\n");
    test_write(".", "relevance.tsv", "query\tpassage\tlabel\na b\tc\t1\na b\te f\t0\ng\th i\t0.75\n");
    test_write(".", "questions.json",
               "{\"version\":\"1.1\",\"data\":[{\"title\":\"t\",\"paragraphs\":[{\"context\":\"Anna lives in "
               "Rome.\",\"qas\":[{\"id\":\"q1\",\"question\":\"Where?\",\"answers\":[{\"text\":\"Rome\","
               "\"answer_start\":14}]}]}]}]}");
}

TestSuite(tools_finetune, .init = enter_folder, .fini = test_folder_leave, .timeout = 300);

static bool has(const char *path, const char *text) {
    size_t size = 0;
    const char *bytes = test_read(path, &size);
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

#define CLASSIFY "tuff finetune classify --train classes.tsv --batch-size 2 --learning-rate 1e-3 "

Test(tools_finetune, a_bare_encoder_gets_a_head_and_learns) {
    const char *model = test_oracle("models/bert-relu");
    struct test_command run =
        test_command(CLASSIFY "--dev classes.tsv --epochs 8 --dropout 0 --model %s --output out", model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(has("out/config.json", "BertForSequenceClassification"));
    cr_expect(has("out/config.json", "\"bad\": 0"));
    cr_expect(has("out/model.safetensors", "bert.encoder.layer.0.attention.self.query.weight"));
    cr_expect(has("out/metrics.jsonl", "\"metrics\":{\"accuracy\":1,"));
    struct test_command evaluation =
        test_command("tuff evaluate classify --json --model out --data classes.tsv --predictions predicted");
    cr_assert_eq(evaluation.code, 0, "%s", evaluation.err);
    cr_expect(strstr(evaluation.out, "\"accuracy\":1,"), "%s", evaluation.out);
    cr_expect_str_eq(test_read("predicted", NULL), "good\nbad\ngood\nbad\ngood\nbad\n");
}

Test(tools_finetune, every_task_trains_and_is_evaluated) {
    static const struct {
        const char *task, *data, *metric;
    } tasks[] = {
        { "regress", "numbers.tsv", "pearson" },       { "tag", "tags.conll", "token_accuracy" },
        { "answer", "questions.json", "exact_match" }, { "rank", "relevance.tsv", "average_precision" },
        { "embed", "relevance.tsv", "accuracy_at_1" },
    };
    const char *model = test_oracle("models/bert-relu");
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        struct test_command run =
            test_command("tuff finetune %s --train %s --epochs 1 --model %s --output %s", tasks[i].task,
                         tasks[i].data, model, tasks[i].task);
        cr_assert_eq(run.code, 0, "%s: %s", tasks[i].task, run.err);
        struct test_command evaluation =
            test_command("tuff evaluate %s --data %s --model %s --predictions predicted", tasks[i].task,
                         tasks[i].data, tasks[i].task);
        cr_assert_eq(evaluation.code, 0, "%s: %s", tasks[i].task, evaluation.err);
        cr_expect(strstr(evaluation.out, tasks[i].metric), "%s: %s", tasks[i].task, evaluation.out);
    }
}

/* conlleval's input: a word, its tag, the predicted one. */
Test(tools_finetune, predicted_tags_stand_beside_the_true_ones) {
    struct test_command run =
        test_command("tuff finetune tag --train tags.conll --epochs 1 --model %s --output out && tuff "
                     "evaluate tag --data tags.conll --model out --predictions predicted",
                     test_oracle("models/bert-relu"));
    char gold[2][2][16], predicted[2][2][16];
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_eq(sscanf(test_read("predicted", NULL),
                        "Anna %15s %15s\nlives %15s %15s\n\nin %15s %15s\nRome %15s %15s", gold[0][0],
                        predicted[0][0], gold[0][1], predicted[0][1], gold[1][0], predicted[1][0], gold[1][1],
                        predicted[1][1]),
                 8);
    cr_expect_str_eq(gold[0][0], "B-PER");
    cr_expect_str_eq(gold[0][1], "O");
    cr_expect_str_eq(gold[1][1], "B-LOC");
}

Test(tools_finetune, the_same_seed_gives_the_same_weights) {
    const char *model = test_oracle("models/bert-relu");
    for (int i = 0; i < 3; i++) {
        struct test_command run =
            test_command(CLASSIFY "--epochs 2 --seed %d --model %s --output out%d", i / 2, model, i);
        cr_assert_eq(run.code, 0, "%s", run.err);
    }
    cr_expect(test_are_equal("out0/model.safetensors", "out1/model.safetensors"));
    cr_expect(!test_are_equal("out0/model.safetensors", "out2/model.safetensors"),
              "another seed draws otherwise");
}

Test(tools_finetune, embed_writes_a_folder_for_sentences) {
    struct test_command run =
        test_command("tuff finetune embed --train relevance.tsv --epochs 1 --max-length 16 --model %s "
                     "--output out",
                     test_oracle("models/bert-relu"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(has("out/config.json", "\"BertModel\""));
    cr_expect(has("out/modules.json", "sentence_transformers.models.Normalize"));
    cr_expect(has("out/1_Pooling/config.json", "\"pooling_mode_mean_tokens\": true"));
    cr_expect(has("out/sentence_bert_config.json", "\"max_seq_length\": 16"));
    cr_expect(!has("out/model.safetensors", "\"bert."));
    run = test_command("tuff embed --model out --json 'a b' 'c'");
    cr_expect_eq(run.code, 0, "%s", run.err);
    run =
        test_command("tuff finetune embed --train relevance.tsv --trainable head --model out --output other");
    cr_expect_eq(run.code, 1, "%s", run.err);
}

Test(tools_finetune, a_cross_encoder_ranks) {
    struct test_command run =
        test_command("tuff finetune rank --train relevance.tsv --epochs 1 --model %s --output out",
                     test_oracle("models/bert-relu"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    run = test_command("tuff rank --model out 'a b' 'c' 'e f'");
    cr_expect_eq(run.code, 0, "%s", run.err);
}

/* A tensor of F32 in a file of safetensors: where its bytes are. */
static const char *find_tensor(const char *path, const char *name, size_t *out_size) {
    size_t size = 0, begin = 0, end = 0;
    const char *bytes = test_read(path, &size);
    char key[256];
    uint64_t header = 0;
    memcpy(&header, bytes, sizeof header);
    snprintf(key, sizeof key, "\"%s\":{", name);
    const char *at = memmem(bytes, size, key, strlen(key));
    cr_assert(at != NULL, "%s: has no %s", path, name);
    cr_assert_eq(sscanf(strstr(at, "data_offsets"), "data_offsets\":[%zu,%zu]", &begin, &end), 2);
    *out_size = end - begin;
    return bytes + sizeof header + header + begin;
}

Test(tools_finetune, what_is_frozen_stays_as_it_is) {
    static const struct {
        const char *trainable, *frozen, *moved;
    } cases[] = {
        { "head", "bert.encoder.layer.1.output.LayerNorm.bias", "bert.pooler.dense.weight" },
        { "last:1", "bert.encoder.layer.0.output.dense.weight", "bert.encoder.layer.1.output.dense.weight" },
        { "bias", "bert.encoder.layer.1.output.dense.weight", "bert.encoder.layer.0.output.dense.bias" },
        { "lora:2", "bert.encoder.layer.1.output.dense.bias", "bert.encoder.layer.0.output.dense.weight" },
    };
    const char *line =
        CLASSIFY "--head zeros --epochs 2 --model %s --output %s --trainable %s --seed 1 --learning-rate %s";
    const char *model = test_oracle("models/bert-relu");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_command run = test_command(line, model, "before", cases[i].trainable, "0");
        cr_assert_eq(run.code, 0, "%s", run.err);
        run = test_command(line, model, "after", cases[i].trainable, "1e-3");
        cr_assert_eq(run.code, 0, "%s", run.err);
        for (int moved = 0; moved < 2; moved++) {
            const char *name = moved ? cases[i].moved : cases[i].frozen;
            size_t size = 0, other = 0;
            const char *before = find_tensor("before/model.safetensors", name, &size);
            const char *after = find_tensor("after/model.safetensors", name, &other);
            cr_assert_eq(size, other);
            cr_expect_eq(memcmp(before, after, size) != 0, moved, "%s: %s", cases[i].trainable, name);
        }
    }
    struct test_command run = test_command(line, model, "after", "last:3", "1e-3");
    cr_expect_eq(run.code, 1, "%s", run.err);
    cr_expect_eq(test_command(line, model, "after", "last", "1e-3").code, 2);
    cr_expect_eq(test_command(line, model, "after", "tail", "1e-3").code, 2);
    cr_expect_eq(test_command(line, model, "after", "lora:0", "1e-3").code, 2);
    cr_expect_eq(test_command(line, model, "after", "lora:2 --lora-targets query,pooler", "1e-3").code, 2);
    cr_expect_eq(test_command(line, model, "after", "all --export adapter", "1e-3").code, 2);
}

Test(tools_finetune, adapters_are_written_as_peft_reads_them) {
    const char *model = test_oracle("models/bert-relu");
    struct test_command run = test_command(
        CLASSIFY "--epochs 1 --model %s --output out --trainable lora:2 --lora-alpha 6 --lora-targets "
                 "query,output --export adapter",
        model);
    size_t size = 0;
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect_neq(access("out/vocab.txt", F_OK) && access("out/tokenizer.json", F_OK), 1);
    cr_expect_neq(access("out/model.safetensors", F_OK), 0);
    cr_expect(has("out/adapter_config.json", "\"lora_alpha\": 6.0"));
    cr_expect(has("out/adapter_config.json", "\"r\": 2"));
    cr_expect(has("out/adapter_config.json", "\"task_type\": \"SEQ_CLS\""));
    cr_expect(has("out/adapter_config.json", "(attention\\\\.self\\\\.query|output\\\\.dense)"));
    cr_expect(has("out/adapter_config.json", "\"pooler\",\n    \"classifier\""));
    find_tensor("out/adapter_model.safetensors",
                "base_model.model.bert.encoder.layer.1.attention.self.query.lora_B.weight", &size);
    find_tensor("out/adapter_model.safetensors", "base_model.model.classifier.weight", &size);
    cr_expect(!has("out/adapter_model.safetensors", "key.lora_A"));
}

/* At a learning rate of 0 the first evaluation is the best one. */
Test(tools_finetune, patience_ends_a_run_and_keeps_the_best_model) {
    const char *line = "tuff finetune classify --train classes.tsv --dev classes.tsv --batch-size 2 --epochs "
                       "5 --learning-rate "
                       "0 --eval-every 1 --patience 2 --resume --output out --model %s";
    const char *model = test_oracle("models/bert-relu");
    struct test_command run = test_command(line, model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(has("out/metrics.jsonl", "{\"step\":3,\"epoch\":1,\"metrics\""));
    cr_expect(!has("out/metrics.jsonl", "{\"step\":4,"));
    cr_expect(has("out/config.json", "BertForSequenceClassification"));
    run = test_command(line, model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(!has("out/metrics.jsonl", "{\"step\":4,"), "a run that ended goes on");
}

Test(tools_finetune, what_cannot_be_trained_is_refused) {
    static const struct {
        const char *options, *said;
    } cases[] = {
        { "--train classes.tsv --label-column nothing", "nothing" },
        { "--train classes.tsv --max-length 100000", "100000" },
        { "--train classes.tsv --labels tags.conll", "label" },
        { "--train missing.tsv", "missing.tsv" },
        { "--train classes.tsv --patience 2", "dev" },
    };
    const char *model = test_oracle("models/bert-relu");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct test_command run =
            test_command("tuff finetune classify %s --model %s --output out", cases[i].options, model);
        cr_expect_eq(run.code, 1, "%s: %d", cases[i].options, run.code);
        cr_expect(strstr(run.err, cases[i].said), "%s: %s", cases[i].options, run.err);
    }
    cr_expect_eq(test_command("tuff finetune dance --train classes.tsv --model x --output out").code, 2);
}
