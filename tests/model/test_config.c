/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/config.h"
#include "support/folder.h"

static char folder[TEST_PATH_SIZE];

static void setup(void) {
    test_folder_make(folder);
}

static void teardown(void) {
    test_folder_remove(folder);
}

TestSuite(model_config, .init = setup, .fini = teardown);

#define SIZES                                                                                                \
    "\"hidden_size\":64,\"num_hidden_layers\":2,\"num_attention_heads\":4,\"intermediate_size\":128,"        \
    "\"vocab_size\":600,\"max_position_embeddings\":48"

/* Sizes and model_type, then `more` members, which win over those before. */
static tuff_status load(const char *more, struct tuff_config *config) {
    char text[4096];
    snprintf(text, sizeof text, "{" SIZES ",\"model_type\":\"bert\"%s%s}", more[0] ? "," : "", more);
    test_write(folder, "config.json", text);
    return tuff_config_load(test_path(folder, "config.json"), config);
}

Test(model_config, what_is_missing_has_the_values_of_transformers) {
    struct tuff_config config;
    cr_assert_eq(load("", &config), TUFF_OK, "%s", tuff_error_message());
    cr_expect_eq(config.hidden_size, 64);
    cr_expect_eq(config.num_hidden_layers, 2);
    cr_expect_eq(config.num_attention_heads, 4);
    cr_expect_eq(config.intermediate_size, 128);
    cr_expect_eq(config.vocab_size, 600);
    cr_expect_eq(config.max_position_embeddings, 48);
    cr_expect_eq(config.type_vocab_size, 2);
    cr_expect_eq(config.layer_norm_eps, 1e-12f);
    cr_expect_eq(config.hidden_act, TUFF_ACTIVATION_GELU);
    cr_expect_eq(config.classifier_dropout, 0.1f);
    cr_expect_eq(config.pad_token_id, 0);
    cr_expect_eq(config.num_labels, 2);
    cr_expect_str_eq(config.labels[1], "LABEL_1");
    cr_expect(config.tie_word_embeddings);
    cr_expect_eq(config.problem_type, TUFF_PROBLEM_UNSET);
    cr_expect_null(config.label_problem);
    tuff_config_free(&config);
}

Test(model_config, what_is_there_is_read) {
    struct tuff_config config;
    cr_assert_eq(
        load("\"architectures\":[\"BertForTokenClassification\"],\"hidden_act\":\"swish\","
             "\"layer_norm_eps\":1e-5,\"type_vocab_size\":1,\"pad_token_id\":null,"
             "\"hidden_dropout_prob\":0,\"classifier_dropout\":0.5,\"tie_word_embeddings\":false,"
             "\"problem_type\":\"multi_label_classification\",\"unknown\":[1e30,1000000000000000000000],"
             "\"id2label\":{\"1\":\"B\",\"0\":\"A\",\"2\":\"C\"},\"label2id\":{\"A\":0,\"B\":1,\"C\":2}",
             &config),
        TUFF_OK, "%s", tuff_error_message());
    cr_expect_eq(config.heads, TUFF_HEAD_TOKEN_CLASSIFICATION);
    cr_expect_eq(config.hidden_act, TUFF_ACTIVATION_SILU);
    cr_expect_eq(config.layer_norm_eps, 1e-5f);
    cr_expect_eq(config.type_vocab_size, 1);
    cr_expect_eq(config.pad_token_id, -1);
    cr_expect_eq(config.hidden_dropout_prob, 0);
    cr_expect_eq(config.classifier_dropout, 0.5f);
    cr_expect_not(config.tie_word_embeddings);
    cr_expect_eq(config.problem_type, TUFF_PROBLEM_MULTI_LABEL);
    cr_expect_eq(config.num_labels, 3);
    cr_expect_str_eq(config.labels[1], "B");
    cr_expect_null(config.label_problem);
    tuff_config_free(&config);
}

Test(model_config, wrong_values_are_refused_by_name) {
    static const struct {
        const char *more;
        tuff_status status;
        const char *mentions;
    } rows[] = {
        { "\"hidden_size\":null", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":\"64\"", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":64.0", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":true", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":0", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":-64", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":1e999", TUFF_FORMAT, "config.json" },
        { "\"hidden_size\":18446744073709551680", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":4294967360", TUFF_FORMAT, "hidden_size" },
        { "\"hidden_size\":65", TUFF_FORMAT, "num_attention_heads" },
        { "\"num_attention_heads\":0", TUFF_FORMAT, "num_attention_heads" },
        { "\"num_attention_heads\":128", TUFF_FORMAT, "num_attention_heads" },
        { "\"num_hidden_layers\":2000000000", TUFF_FORMAT, "num_hidden_layers" },
        { "\"intermediate_size\":2147483648", TUFF_FORMAT, "intermediate_size" },
        { "\"vocab_size\":0", TUFF_FORMAT, "vocab_size" },
        { "\"vocab_size\":[600]", TUFF_FORMAT, "vocab_size" },
        { "\"max_position_embeddings\":-1", TUFF_FORMAT, "max_position_embeddings" },
        { "\"type_vocab_size\":0", TUFF_FORMAT, "type_vocab_size" },
        { "\"layer_norm_eps\":-1e-12", TUFF_FORMAT, "layer_norm_eps" },
        { "\"layer_norm_eps\":\"1e-12\"", TUFF_FORMAT, "layer_norm_eps" },
        { "\"layer_norm_eps\":NaN", TUFF_FORMAT, "config.json" },
        { "\"hidden_dropout_prob\":1.5", TUFF_FORMAT, "hidden_dropout_prob" },
        { "\"hidden_act\":\"swishy\"", TUFF_UNSUPPORTED, "swishy" },
        { "\"hidden_act\":\"gelu\\u0000x\"", TUFF_FORMAT, "hidden_act" },
        { "\"hidden_act\":null", TUFF_FORMAT, "hidden_act" },
        { "\"layer_norm_eps\":null", TUFF_FORMAT, "layer_norm_eps" },
        { "\"hidden_act\":3", TUFF_FORMAT, "hidden_act" },
        { "\"pad_token_id\":600", TUFF_FORMAT, "pad_token_id" },
        { "\"pad_token_id\":-2", TUFF_FORMAT, "pad_token_id" },
        { "\"model_type\":\"roberta\"", TUFF_UNSUPPORTED, "roberta" },
        { "\"model_type\":7", TUFF_FORMAT, "model_type" },
        { "\"model_type\":null", TUFF_FORMAT, "model_type" },
        { "\"model_type\":null,\"architectures\":[\"RobertaModel\"]", TUFF_UNSUPPORTED, "RobertaModel" },
        { "\"architectures\":\"BertModel\"", TUFF_FORMAT, "architectures" },
        { "\"architectures\":[1]", TUFF_FORMAT, "architectures[0]" },
        { "\"is_decoder\":true", TUFF_UNSUPPORTED, "is_decoder" },
        { "\"add_cross_attention\":true", TUFF_UNSUPPORTED, "add_cross_attention" },
        { "\"position_embedding_type\":\"relative_key\"", TUFF_UNSUPPORTED, "relative_key" },
        { "\"quantization_config\":{\"bits\":8}", TUFF_UNSUPPORTED, "quantization_config" },
        { "\"pruned_heads\":{\"0\":[1]}", TUFF_UNSUPPORTED, "pruned_heads" },
        { "\"problem_type\":\"guess\"", TUFF_UNSUPPORTED, "guess" },
        { "\"num_labels\":0", TUFF_FORMAT, "num_labels" },
        { "\"num_labels\":2000000000", TUFF_FORMAT, "num_labels" },
        { "\"id2label\":{}", TUFF_FORMAT, "id2label" },
        { "\"id2label\":[\"A\"]", TUFF_FORMAT, "id2label" },
        { "\"id2label\":{\"1\":\"A\"}", TUFF_FORMAT, "id2label.1" },
        { "\"id2label\":{\"0\":\"A\",\"x\":\"B\"}", TUFF_FORMAT, "id2label.x" },
        { "\"id2label\":{\"0\":\"A\",\"00\":\"B\"}", TUFF_FORMAT, "id2label.00" },
        { "\"id2label\":{\"0\":\"A\",\"99999999999999999999999\":\"B\"}", TUFF_FORMAT, "id2label.9" },
        { "\"id2label\":{\"0\":\"a\\u0000b\"}", TUFF_FORMAT, "id2label.0" },
        { "\"id2label\":{\"0\":1}", TUFF_FORMAT, "id2label.0" },
        { "\"id2label\":{\"0\":\"A\"},\"label2id\":[]", TUFF_FORMAT, "label2id" },
        { "\"id2label\":{\"0\":\"A\"},\"label2id\":{\"A\":\"0\"}", TUFF_FORMAT, "label2id.A" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tuff_config config;
        cr_expect_eq(load(rows[i].more, &config), rows[i].status, "%s", rows[i].more);
        cr_expect(strstr(tuff_error_message(), rows[i].mentions), "%s: %s", rows[i].more,
                  tuff_error_message());
        cr_expect(strstr(tuff_error_message(), "config.json"), "%s", tuff_error_message());
        tuff_config_free(&config);
    }
}

Test(model_config, files_that_are_no_config_are_refused) {
    static const char *const texts[] = { "",
                                         " ",
                                         "null",
                                         "[]",
                                         "\"x\"",
                                         "{",
                                         "{}",
                                         "{" SIZES "}",
                                         "\xef\xbb\xbf{\"model_type\":\"bert\"}",
                                         "{\"model_type\":\"bert\"}",
                                         "{\"model_type\":\"bert\"} x",
                                         "{\"model_type\":\"\xff\"}",
                                         "version https://git-lfs.github.com/spec/v1\n" };
    struct tuff_config config;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        test_write(folder, "config.json", texts[i]);
        cr_expect_eq(tuff_config_load(test_path(folder, "config.json"), &config), TUFF_FORMAT, "%s",
                     texts[i]);
        cr_expect(strstr(tuff_error_message(), "config.json"), "%s", tuff_error_message());
    }
    cr_expect_eq(tuff_config_load(folder, &config), TUFF_IO);
    cr_expect_eq(tuff_config_load(test_path(folder, "absent.json"), &config), TUFF_IO);
}

Test(model_config, labels_that_disagree_are_noted) {
    static const struct {
        const char *more;
        const char *mentions;
    } rows[] = {
        { "\"num_labels\":3,\"id2label\":{\"0\":\"A\",\"1\":\"B\"}", "num_labels is 3" },
        { "\"id2label\":{\"0\":\"A\",\"1\":\"B\"},\"label2id\":{\"A\":1,\"B\":0}", "label2id gives A" },
        { "\"id2label\":{\"0\":\"A\",\"1\":\"B\"},\"label2id\":{\"A\":0,\"B\":1,\"C\":2}",
          "label2id gives C" },
        { "\"id2label\":{\"0\":\"A\",\"1\":\"B\"},\"label2id\":{\"A\":-1}", "label2id gives A" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tuff_config config;
        cr_assert_eq(load(rows[i].more, &config), TUFF_OK, "%s", tuff_error_message());
        cr_assert(config.label_problem, "%s", rows[i].more);
        cr_expect(strstr(config.label_problem, rows[i].mentions), "%s", config.label_problem);
        tuff_config_free(&config);
    }
}
