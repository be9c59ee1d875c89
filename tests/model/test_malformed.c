/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle's folders: those that are well are opened to the last number, those that are not are refused as
 * their manifest says; and a good file with random damage is refused or opened, nothing else. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "model/folder.h"
#include "support/checkpoint.h"
#include "support/folder.h"
#include "support/log.h"

/* Every weight as floats, as an engine reads them. */
static tuff_status read_weights(const struct tuff_folder *folder) {
    enum { CHUNK = 1000 };
    float values[CHUNK];
    for (size_t i = 0; i < folder->parameters.count; i++) {
        const struct tuff_tensor_view *view = folder->parameters.items[i].source;
        for (size_t first = 0; first < view->count; first += CHUNK)
            TUFF_TRY(tuff_view_read_f32(view, first,
                                        view->count - first < CHUNK ? view->count - first : CHUNK, values));
        tuff_view_release(view);
    }
    return TUFF_OK;
}

static tuff_status open_and_read(const char *path, struct test_log *log) {
    struct tuff_folder folder;
    tuff_status status = tuff_folder_open(path, &log->log, &folder);
    if (status == TUFF_OK)
        status = read_weights(&folder);
    tuff_folder_close(&folder);
    return status;
}

static void check_case(const char *set, const struct tuff_json *row, size_t *checked) {
    const char *id = NULL, *part = NULL, *verdict = NULL, *mentions = NULL;
    struct test_log log;
    cr_assert_eq(tuff_json_string(row, "id", &id), TUFF_OK);
    cr_assert_eq(tuff_json_string(row, "part", &part), TUFF_OK);
    cr_assert_eq(tuff_json_string(row, "verdict", &verdict), TUFF_OK);
    cr_assert_eq(tuff_json_optional_string(row, "must_mention", &mentions), TUFF_OK);
    if (strcmp(part, "vocab") == 0 || strcmp(part, "tokenizer") == 0)
        return;
    test_log_init(&log);
    const tuff_status status = open_and_read(test_path(set, id), &log);
    if (strcmp(verdict, "accept") == 0)
        cr_expect_eq(status, TUFF_OK, "%s: %s", id, tuff_error_message());
    if (strcmp(verdict, "refuse") == 0) {
        cr_expect_neq(status, TUFF_OK, "%s was accepted", id);
        cr_expect(strlen(tuff_error_message()) > 20, "%s: %s", id, tuff_error_message());
        cr_expect(!mentions || strstr(tuff_error_message(), mentions), "%s: %s", id, tuff_error_message());
    }
    ++*checked;
}

Test(model_malformed, the_oracles_set_gets_its_verdicts) {
    struct tuff_json root;
    struct tuff_json cases;
    size_t checked = 0;
    char set[TEST_PATH_SIZE];
    strcpy(set, test_oracle("malformed"));
    cr_assert_eq(tuff_json_load(test_path(set, "manifest.json"), 1 << 24, 0, &root), TUFF_OK);
    cr_assert_eq(tuff_json_array(&root, "cases", &cases), TUFF_OK, "%s", tuff_error_message());
    for (size_t i = 0; i < tuff_json_count(&cases); i++) {
        const struct tuff_json row = tuff_json_item(&cases, i);
        check_case(set, &row, &checked);
    }
    cr_expect_geq(checked, 30);
    tuff_json_free(&root);
}

Test(model_malformed, weights_that_are_no_numbers_are_refused) {
    struct test_log log;
    test_log_init(&log);
    cr_expect_eq(open_and_read(test_oracle("malformed/021-nan_weights"), &log), TUFF_FORMAT);
    cr_expect(strstr(tuff_error_message(), "not a number"), "%s", tuff_error_message());
}

Test(model_malformed, good_models_are_read_without_a_word) {
    static const struct {
        const char *name;
        uint32_t heads;
    } rows[] = {
        { "bert-odd96", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "bert-relu", 0 },
        { "bert-tiny-mlm", TUFF_HEAD_MASKED_LM },
        { "bert-tiny-multichoice", TUFF_HEAD_MULTIPLE_CHOICE },
        { "bert-tiny-multilabel", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "bert-tiny-nsp", TUFF_HEAD_NEXT_SENTENCE },
        { "bert-tiny-pretraining", TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE },
        { "bert-tiny-qa", TUFF_HEAD_QUESTION_ANSWERING },
        { "bert-tiny-regression", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "bert-tiny-seqcls3", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "bert-tiny-tokencls", TUFF_HEAD_TOKEN_CLASSIFICATION },
        { "micro-base-noprefix", 0 },
        { "micro-base-prefix", 0 },
        { "micro-bf16", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "micro-fp16", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "micro-legacy-gamma-beta", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "micro-plain", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "micro-sharded", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "micro-with-position-ids", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
        { "minilm-l6-v2-fp16", 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tuff_folder folder;
        struct test_log log;
        char models[TEST_PATH_SIZE];
        strcpy(models, test_oracle("models"));
        test_log_init(&log);
        cr_assert_eq(tuff_folder_open(test_path(models, rows[i].name), &log.log, &folder), TUFF_OK, "%s",
                     tuff_error_message());
        cr_expect_eq(folder.parameters.heads, rows[i].heads, "%s", rows[i].name);
        cr_expect_eq(read_weights(&folder), TUFF_OK, "%s", tuff_error_message());
        cr_expect_str_eq(log.text, "", "%s", rows[i].name);
        cr_expect(folder.has_tokenizer);
        tuff_folder_close(&folder);
    }
}

Test(model_malformed, a_pickle_is_refused_by_name) {
    struct test_log log;
    test_log_init(&log);
    cr_expect_eq(open_and_read(test_oracle("models/micro-bin-only"), &log), TUFF_UNSUPPORTED);
    cr_expect(strstr(tuff_error_message(), "pytorch_model.bin"), "%s", tuff_error_message());
    cr_expect(strstr(tuff_error_message(), "safetensors"), "%s", tuff_error_message());
}

Test(model_malformed, minilm_says_how_to_embed) {
    struct tuff_folder folder;
    struct test_log log;
    test_log_init(&log);
    cr_assert_eq(tuff_folder_open(test_oracle("models/minilm-l6-v2-fp16"), &log.log, &folder), TUFF_OK);
    cr_expect_eq(folder.max_length, 256);
    cr_expect_eq(folder.sentence.pooling, TUFF_POOLING_MEAN);
    cr_expect(folder.sentence.normalize);
    tuff_folder_close(&folder);
}

/* Damages one to four bytes of a file in `folder`, opens it, and puts it back. */
static void damage(const char *folder, const char *name, size_t rounds) {
    char path[TEST_PATH_SIZE];
    char *good = NULL;
    char *bad = NULL;
    size_t size = 0;
    struct test_log log;
    test_log_init(&log);
    strcpy(path, test_path(folder, name));
    cr_assert_eq(tuff_file_read(path, 1 << 20, &good, &size), TUFF_OK);
    cr_assert_eq(tuff_copy_text(good, size, &bad), TUFF_OK);
    for (size_t round = 0; round < rounds; round++) {
        memcpy(bad, good, size);
        for (int i = rand() % 4; i >= 0; i--)
            bad[(size_t)rand() % size] =
                (char)(rand() % 3 ? "{}[]\",:0123456789-eE.\\"[rand() % 22] : rand());
        test_write_bytes(folder, name, bad, rand() % 8 ? size : (size_t)rand() % size);
        (void)open_and_read(folder, &log); /* either is fine: the sanitizers watch */
    }
    test_write_bytes(folder, name, good, size);
    tuff_free(bad);
    tuff_free(good);
}

Test(model_malformed, random_damage_is_survived) {
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    srand(3);
    test_checkpoint_write(
        folder, &(struct test_checkpoint){ .architecture = "BertForPreTraining",
                                           .heads = TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE });
    test_write(folder, "modules.json",
               "[{\"type\":\"m.Transformer\",\"path\":\"\"},"
               "{\"type\":\"m.Pooling\",\"path\":\"1_Pooling\"}]");
    test_write(folder, "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\":true}");
    test_write(folder, "sentence_bert_config.json", "{\"max_seq_length\":8,\"do_lower_case\":false}");
    test_write(folder, "tokenizer_config.json", "{\"model_max_length\":8}");
    damage(folder, "model.safetensors", 1500);
    damage(folder, "config.json", 500);
    damage(folder, "modules.json", 300);
    damage(folder, "1_Pooling/config.json", 100);
    damage(folder, "sentence_bert_config.json", 100);
    damage(folder, "tokenizer_config.json", 100);
    test_folder_remove(folder);
}
