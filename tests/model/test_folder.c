/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/folder.h"
#include "support/checkpoint.h"
#include "support/folder.h"
#include "support/log.h"

static char folder[TEST_PATH_SIZE];
static struct test_log test_log;

static void setup(void) {
    test_folder_make(folder);
    test_log_init(&test_log);
}

static void teardown(void) {
    test_folder_remove(folder);
}

TestSuite(model_folder, .init = setup, .fini = teardown);

static void expect_refused(tuff_status status, const char *mentions) {
    struct tuff_folder opened;
    cr_expect_eq(tuff_folder_open(folder, &test_log.log, &opened), status, "%s", mentions);
    cr_expect(strstr(tuff_error_message(), mentions), "expected %s: %s", mentions, tuff_error_message());
    tuff_folder_close(&opened);
}

static struct tuff_folder expect_opens(void) {
    struct tuff_folder opened;
    cr_assert_eq(tuff_folder_open(folder, &test_log.log, &opened), TUFF_OK, "%s", tuff_error_message());
    return opened;
}

#define POOLING "{\"type\":\"sentence_transformers.models.Pooling\",\"path\":\"1_Pooling\"}"
#define TRANSFORMER "{\"type\":\"sentence_transformers.models.Transformer\",\"path\":\"\"}"
#define NORMALIZE "{\"type\":\"sentence_transformers.models.Normalize\",\"path\":\"2_Normalize\"}"
#define DENSE "{\"type\":\"sentence_transformers.models.Dense\",\"path\":\"2_Dense\"}"

Test(model_folder, a_plain_folder_means_unnormalised) {
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    struct tuff_folder opened = expect_opens();
    cr_expect_str_eq(opened.path, folder);
    cr_expect_eq(opened.sentence.pooling, TUFF_POOLING_MEAN);
    cr_expect_not(opened.sentence.normalize);
    cr_expect_null(opened.sentence.refusal);
    cr_expect_not(opened.has_tokenizer);
    cr_expect_eq(opened.max_length, 8);
    tuff_folder_close(&opened);
}

Test(model_folder, lengths_come_from_the_first_file_that_says_one) {
    static const struct {
        const char *sentence;
        const char *tokenizer;
        uint32_t length;
    } rows[] = {
        { NULL, "{\"model_max_length\":6}", 6 },
        { NULL, "{\"model_max_length\":1000000000000000019884624838656}", 8 },
        { NULL, "{\"model_max_length\":null}", 8 },
        { NULL, "{\"model_max_length\":512}", 8 },
        { "{\"max_seq_length\":5}", "{\"model_max_length\":6}", 5 },
        { "{\"max_seq_length\":7}", "{\"model_max_length\":6}", 7 },
        { "{\"max_seq_length\":null}", "{\"model_max_length\":6}", 6 },
        { "{\"max_seq_length\":256}", "{}", 8 },
    };
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    test_write(folder, "vocab.txt", "[PAD]\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_write(folder, "sentence_bert_config.json", rows[i].sentence ? rows[i].sentence : "{}");
        test_write(folder, "tokenizer_config.json", rows[i].tokenizer);
        struct tuff_folder opened = expect_opens();
        cr_expect_eq(opened.max_length, rows[i].length, "row %zu: %u", i, opened.max_length);
        cr_expect(opened.has_tokenizer);
        tuff_folder_close(&opened);
    }
    test_write(folder, "sentence_bert_config.json", "{\"max_seq_length\":0}");
    expect_refused(TUFF_FORMAT, "max_seq_length");
    test_write(folder, "sentence_bert_config.json", "{\"max_seq_length\":\"a\"}");
    expect_refused(TUFF_FORMAT, "max_seq_length");
    test_write(folder, "sentence_bert_config.json", "{}");
    test_write(folder, "tokenizer_config.json", "{\"model_max_length\":\"a\"}");
    expect_refused(TUFF_FORMAT, "model_max_length");
}

Test(model_folder, modules_say_how_to_pool) {
    static const struct {
        const char *modules;
        const char *pooling;
        enum tuff_pooling expected;
        bool normalize;
        const char *refusal; /* a word of it */
    } rows[] = {
        { "[" TRANSFORMER "," POOLING "]",
          "{\"word_embedding_dimension\":4,\"pooling_mode_mean_tokens\":true}", TUFF_POOLING_MEAN, false,
          NULL },
        { "[" TRANSFORMER "," POOLING "," NORMALIZE "]",
          "{\"pooling_mode_cls_token\":true,\"pooling_mode_mean_tokens\":false}", TUFF_POOLING_CLS, true,
          NULL },
        { "[" TRANSFORMER "," POOLING "]",
          "{\"pooling_mode_max_tokens\":true,\"pooling_mode_mean_tokens\":false}", TUFF_POOLING_MAX, false,
          NULL },
        { "[" TRANSFORMER "," POOLING "]", "{\"pooling_mode\":\"cls\"}", TUFF_POOLING_CLS, false, NULL },
        { "[" TRANSFORMER "," POOLING "]", "{}", TUFF_POOLING_MEAN, false, NULL },
        { "[" TRANSFORMER "," POOLING "]", "{\"pooling_mode_max_tokens\":true}", TUFF_POOLING_MEAN, false,
          "several" },
        { "[" TRANSFORMER "," POOLING "]", "{\"pooling_mode_mean_tokens\":false}", TUFF_POOLING_MEAN, false,
          "no pooling" },
        { "[" TRANSFORMER "," POOLING "]",
          "{\"pooling_mode_mean_tokens\":false,\"pooling_mode_lasttoken\":true}", TUFF_POOLING_MEAN, false,
          "lasttoken" },
        { "[" TRANSFORMER "," POOLING "," DENSE "]", "{}", TUFF_POOLING_MEAN, false, "Dense" },
    };
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_write(folder, "modules.json", rows[i].modules);
        test_write(folder, "1_Pooling/config.json", rows[i].pooling);
        struct tuff_folder opened = expect_opens();
        cr_expect_eq(opened.sentence.pooling, rows[i].expected, "row %zu", i);
        cr_expect_eq(opened.sentence.normalize, rows[i].normalize, "row %zu", i);
        cr_expect(rows[i].refusal
                      ? opened.sentence.refusal && strstr(opened.sentence.refusal, rows[i].refusal)
                      : !opened.sentence.refusal,
                  "row %zu: %s", i, opened.sentence.refusal ? opened.sentence.refusal : "no refusal");
        tuff_folder_close(&opened);
    }
}

Test(model_folder, wrong_modules_are_refused) {
    static const struct {
        const char *modules;
        const char *pooling;
        tuff_status status;
        const char *mentions;
    } rows[] = {
        { "{}", "{}", TUFF_FORMAT, "modules.json" },
        { "[]", "{}", TUFF_FORMAT, "modules.json" },
        { "[1]", "{}", TUFF_FORMAT, "modules.json" },
        { "[{\"path\":\"\"}]", "{}", TUFF_FORMAT, "type" },
        { "[" TRANSFORMER ",{\"type\":\"Pooling\"}]", "{}", TUFF_FORMAT, "path" },
        { "[{\"type\":\"Transformer\",\"path\":\"../other\"}]", "{}", TUFF_FORMAT, "../other" },
        { "[{\"type\":\"Transformer\",\"path\":\"/etc\"}]", "{}", TUFF_FORMAT, "/etc" },
        { "[{\"type\":\"Transformer\",\"path\":\"a/..\"}]", "{}", TUFF_FORMAT, "a/.." },
        { "[" TRANSFORMER "," POOLING "]", "[]", TUFF_FORMAT, "1_Pooling/config.json" },
        { "[" TRANSFORMER "," POOLING "]", "{", TUFF_FORMAT, "1_Pooling/config.json" },
        { "[" TRANSFORMER "," POOLING "]", "{\"pooling_mode_cls_token\":1}", TUFF_FORMAT,
          "pooling_mode_cls_token" },
        { "[" TRANSFORMER "," POOLING "]", "{\"word_embedding_dimension\":8}", TUFF_FORMAT,
          "word_embedding_dimension" },
        { "[" TRANSFORMER ",{\"type\":\"Pooling\",\"path\":\"absent\"}]", "{}", TUFF_IO,
          "absent/config.json" },
    };
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_write(folder, "modules.json", rows[i].modules);
        test_write(folder, "1_Pooling/config.json", rows[i].pooling);
        expect_refused(rows[i].status, rows[i].mentions);
    }
}

Test(model_folder, the_transformer_may_have_a_folder_of_its_own) {
    char inside[TEST_PATH_SIZE];
    strcpy(inside, test_path(folder, "0_Transformer"));
    test_write(inside, "vocab.txt", "[PAD]\n");
    test_write(inside, "sentence_bert_config.json", "{\"max_seq_length\":5}");
    test_checkpoint_write(inside, &(struct test_checkpoint){ .heads = 0 });
    test_write(folder, "modules.json",
               "[{\"type\":\"sentence_transformers.models.Transformer\","
               "\"path\":\"0_Transformer\"}]");
    struct tuff_folder opened = expect_opens();
    cr_expect_str_eq(opened.path, inside);
    cr_expect_eq(opened.max_length, 5);
    cr_expect(opened.has_tokenizer);
    tuff_folder_close(&opened);
}

Test(model_folder, other_formats_are_refused_by_name) {
    static const char *const names[] = { "pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5",
                                         "flax_model.msgpack", "adapter_model.safetensors" };
    expect_refused(TUFF_IO, "config.json");
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    remove(test_path(folder, "model.safetensors"));
    expect_refused(TUFF_IO, "model.safetensors");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        test_write(folder, names[i], "x");
        expect_refused(TUFF_UNSUPPORTED, names[i]);
        cr_expect(strstr(tuff_error_message(), "save_pretrained"));
        remove(test_path(folder, names[i]));
    }
}

Test(model_folder, a_prompt_that_would_be_missing_is_said) {
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    test_write(folder, "config_sentence_transformers.json", "{\"default_prompt_name\":\"query\"}");
    struct tuff_folder opened = expect_opens();
    cr_expect(strstr(test_log.text, "query"), "%s", test_log.text);
    tuff_folder_close(&opened);
}

Test(model_folder, the_index_of_shards_is_checked) {
    static const struct {
        const char *index;
        tuff_status status;
        const char *mentions;
    } rows[] = {
        { "", TUFF_FORMAT, "index.json" },
        { "[]", TUFF_FORMAT, "expected an object" },
        { "{}", TUFF_FORMAT, "weight_map" },
        { "{\"weight_map\":[]}", TUFF_FORMAT, "weight_map" },
        { "{\"weight_map\":{}}", TUFF_FORMAT, "bert.embeddings.word_embeddings.weight" },
        { "{\"weight_map\":{\"a\":1}}", TUFF_FORMAT, "weight_map.a" },
        { "{\"weight_map\":{\"a\":\"\"}}", TUFF_FORMAT, "weight_map.a" },
        { "{\"weight_map\":{\"a\":\"..\"}}", TUFF_FORMAT, "weight_map.a" },
        { "{\"weight_map\":{\"a\":\"../x.safetensors\"}}", TUFF_FORMAT, "../x.safetensors" },
        { "{\"weight_map\":{\"a\":\"/x.safetensors\"}}", TUFF_FORMAT, "/x.safetensors" },
        { "{\"weight_map\":{\"a\":\"b\\\\x\"}}", TUFF_FORMAT, "weight_map.a" },
        { "{\"weight_map\":{\"a\":\"x\\u0000\"}}", TUFF_FORMAT, "weight_map.a" },
        { "{\"weight_map\":{\"a\":\"absent.safetensors\"}}", TUFF_IO, "absent.safetensors" },
        { "{\"weight_map\":{\"a\":\"one.safetensors\"}}", TUFF_FORMAT,
          "weight_map.a: is not in one.safetensors" },
        { "{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}}", TUFF_FORMAT,
          "the key a stands" },
    };
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
    cr_assert_eq(rename(test_path(folder, "model.safetensors"), test_path(folder, "one.safetensors")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_write(folder, "model.safetensors.index.json", rows[i].index);
        expect_refused(rows[i].status, rows[i].mentions);
    }
}

/* An allocator that fails once, at a chosen call. */
struct failing {
    size_t calls;
    size_t fails_at;
    size_t blocks;
};

static void *allocate(void *user, size_t size) {
    struct failing *failing = user;
    if (failing->calls++ == failing->fails_at)
        return NULL;
    failing->blocks++;
    return malloc(size);
}

static void release(void *user, void *pointer) {
    ((struct failing *)user)->blocks--;
    free(pointer);
}

Test(model_folder, memory_that_cannot_be_had_is_an_error) {
    test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 1, .architecture = "BertForMaskedLM" });
    test_write(folder, "modules.json", "[" TRANSFORMER "," POOLING "," DENSE "]");
    test_write(folder, "1_Pooling/config.json", "{}");
    test_write(folder, "tokenizer_config.json", "{}");
    size_t failures = 0;
    for (tuff_status status = TUFF_HOST_MEMORY; status != TUFF_OK; failures++) {
        struct failing failing = { .fails_at = failures };
        const struct tuff_allocator allocator = { allocate, release, &failing };
        const struct tuff_allocator *before = tuff_memory_use(&allocator);
        struct tuff_folder opened;
        status = tuff_folder_open(folder, NULL, &opened);
        tuff_folder_close(&opened);
        tuff_memory_use(before);
        cr_expect_eq(failing.blocks, 0, "allocation %zu: %zu blocks are left", failures, failing.blocks);
        cr_assert(status == TUFF_OK || status == TUFF_HOST_MEMORY, "allocation %zu: %s", failures,
                  tuff_error_message());
    }
    cr_expect_gt(failures, 20);
}

Test(model_folder, folders_and_empty_files_in_place_of_files_are_refused) {
    static const char *const names[] = { "config.json", "model.safetensors" };
    for (size_t i = 0; i < 2; i++) {
        char path[TEST_PATH_SIZE];
        strcpy(path, test_path(folder, names[i]));
        test_checkpoint_write(folder, &(struct test_checkpoint){ .heads = 0 });
        test_write(folder, names[i], "");
        expect_refused(TUFF_FORMAT, names[i]);
        remove(path);
        cr_assert_eq(tuff_file_make_folders(path), TUFF_OK);
        expect_refused(TUFF_IO, names[i]);
        remove(path);
    }
}
