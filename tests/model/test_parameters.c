/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

TestSuite(model_parameters, .init = setup, .fini = teardown);

static void expect_opens(const struct test_checkpoint *checkpoint, struct tuff_folder *out) {
    test_checkpoint_write(folder, checkpoint);
    cr_assert_eq(tuff_folder_open(folder, &test_log.log, out), TUFF_OK, "%s", tuff_error_message());
}

static void expect_refused(const struct test_checkpoint *checkpoint, const char *mentions) {
    struct tuff_folder opened;
    test_checkpoint_write(folder, checkpoint);
    cr_expect_eq(tuff_folder_open(folder, &test_log.log, &opened), TUFF_FORMAT, "%s", mentions);
    cr_expect(strstr(tuff_error_message(), mentions), "expected %s: %s", mentions, tuff_error_message());
    tuff_folder_close(&opened);
}

enum { ENCODER_COUNT = 5 + 2 * 16, POOLER_COUNT = 2 };

Test(model_parameters, each_is_found_by_role_and_layer) {
    struct tuff_folder opened;
    expect_opens(&(struct test_checkpoint){ .heads = 0 }, &opened);
    const struct tuff_parameters *parameters = &opened.parameters;
    cr_expect_eq(parameters->count, ENCODER_COUNT + POOLER_COUNT);
    cr_expect(parameters->has_pooler);
    cr_expect_eq(parameters->heads, 0);
    uint64_t elements = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        cr_expect_eq(tuff_parameters_get(parameters, parameter->role, parameter->layer), parameter);
        cr_expect_str_eq(parameter->name, parameter->source->name);
        elements += parameter->shape[0] * parameter->shape[1];
    }
    cr_expect_eq(parameters->element_count, elements);
    const struct tuff_parameter *weight = tuff_parameters_get(parameters, TUFF_ROLE_OUTPUT_WEIGHT, 1);
    cr_expect_str_eq(weight->name, "bert.encoder.layer.1.output.dense.weight");
    cr_expect(weight->rank == 2 && weight->shape[0] == 4 && weight->shape[1] == 6);
    cr_expect_null(tuff_parameters_get(parameters, TUFF_ROLE_OUTPUT_WEIGHT, 2));
    cr_expect_null(tuff_parameters_get(parameters, TUFF_ROLE_CLASSIFIER_BIAS, 0));
    cr_expect_str_eq(test_log.text, "");
    tuff_folder_close(&opened);
}

Test(model_parameters, heads_are_found_by_their_tensors) {
    static const struct {
        const char *architecture;
        uint32_t heads;
        size_t count;
    } rows[] = {
        { "BertForMaskedLM", TUFF_HEAD_MASKED_LM, 5 },
        { "BertForNextSentencePrediction", TUFF_HEAD_NEXT_SENTENCE, 2 },
        { "BertForPreTraining", TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE, 7 },
        { "BertForSequenceClassification", TUFF_HEAD_SEQUENCE_CLASSIFICATION, 2 },
        { "BertForTokenClassification", TUFF_HEAD_TOKEN_CLASSIFICATION, 2 },
        { "BertForMultipleChoice", TUFF_HEAD_MULTIPLE_CHOICE, 2 },
        { "BertForQuestionAnswering", TUFF_HEAD_QUESTION_ANSWERING, 2 },
        { "BertModel", TUFF_HEAD_MASKED_LM | TUFF_HEAD_QUESTION_ANSWERING, 7 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tuff_folder opened;
        expect_opens(
            &(struct test_checkpoint){ .architecture = rows[i].architecture, .heads = rows[i].heads },
            &opened);
        cr_expect_eq(opened.parameters.heads, rows[i].heads, "%s", rows[i].architecture);
        cr_expect_eq(opened.parameters.count, ENCODER_COUNT + POOLER_COUNT + rows[i].count, "%s",
                     rows[i].architecture);
        cr_expect_eq(opened.parameters.is_decoder_tied, (rows[i].heads & TUFF_HEAD_MASKED_LM) != 0);
        tuff_folder_close(&opened);
    }
    cr_expect_str_eq(test_log.text, "");
}

Test(model_parameters, older_names_mean_the_same) {
    struct tuff_folder opened;
    expect_opens(&(struct test_checkpoint){ .prefix = "",
                                            .is_legacy = true,
                                            .without_pooler = true,
                                            .heads = TUFF_HEAD_MASKED_LM,
                                            .extra = "embeddings.position_ids" },
                 &opened);
    const struct tuff_parameters *parameters = &opened.parameters;
    cr_expect_eq(parameters->count, ENCODER_COUNT + 5);
    cr_expect_not(parameters->has_pooler);
    const struct tuff_parameter *norm = tuff_parameters_get(parameters, TUFF_ROLE_OUTPUT_NORM_BIAS, 1);
    cr_expect_str_eq(norm->name, "encoder.layer.1.output.LayerNorm.bias");
    cr_expect_str_eq(norm->source->name, "encoder.layer.1.output.LayerNorm.beta");
    norm = tuff_parameters_get(parameters, TUFF_ROLE_TRANSFORM_NORM_WEIGHT, 0);
    cr_expect_str_eq(norm->source->name, "cls.predictions.transform.LayerNorm.gamma");
    cr_expect_str_eq(test_log.text, "");
    tuff_folder_close(&opened);
}

Test(model_parameters, what_is_missing_is_named) {
    static const struct {
        uint32_t heads;
        const char *left_out;
        const char *mentions;
    } rows[] = {
        { 0, "word_embeddings", "bert.embeddings.word_embeddings.weight is missing" },
        { 0, "layer.1.attention.self.query.weight",
          "bert.encoder.layer.1.attention.self.query.weight is missing" },
        { 0, "layer.0.output.LayerNorm.bias", "bert.encoder.layer.0.output.LayerNorm.bias is missing" },
        { 0, "encoder.layer.1.", "bert.encoder.layer.1.attention.self.query.weight is missing" },
        { 0, "pooler.dense.bias", "bert.pooler.dense.bias is missing" },
        { 0, "bert.embeddings", "bert.embeddings.word_embeddings.weight is missing" },
        { TUFF_HEAD_MASKED_LM, "cls.predictions.bias", "cls.predictions.bias is missing" },
        { TUFF_HEAD_MASKED_LM, "transform.dense.weight",
          "cls.predictions.transform.dense.weight is missing" },
        { TUFF_HEAD_NEXT_SENTENCE, "relationship.bias", "cls.seq_relationship.bias is missing" },
        { TUFF_HEAD_SEQUENCE_CLASSIFICATION, "classifier.weight", "classifier.weight is missing" },
        { TUFF_HEAD_SEQUENCE_CLASSIFICATION, "pooler", "bert.pooler.dense.weight is missing" },
        { TUFF_HEAD_QUESTION_ANSWERING, "qa_outputs.bias", "qa_outputs.bias is missing" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_refused(&(struct test_checkpoint){ .architecture = "BertForSequenceClassification",
                                                  .heads = rows[i].heads,
                                                  .left_out = rows[i].left_out },
                       rows[i].mentions);
    expect_refused(&(struct test_checkpoint){ .prefix = "roberta." }, "roberta.embeddings.LayerNorm.bias");
    expect_refused(
        &(struct test_checkpoint){ .heads = TUFF_HEAD_MASKED_LM, .config = "\"tie_word_embeddings\":false" },
        "cls.predictions.decoder.weight is missing");
}

Test(model_parameters, wrong_shapes_are_refused_with_both) {
    static const struct {
        const char *transposed;
        const char *mentions;
    } rows[] = {
        { "bert.embeddings.word_embeddings.weight",
          "has the shape (4, 10), by config.json it should be (10, 4)" },
        { "bert.encoder.layer.0.intermediate.dense.weight",
          "shape (4, 6), by config.json it should be (6, 4)" },
        { "bert.encoder.layer.1.output.LayerNorm.bias", "shape (1, 4), by config.json it should be (4)" },
        { "classifier.weight", "shape (4, 2), by config.json it should be (2, 4)" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_refused(&(struct test_checkpoint){ .architecture = "BertForTokenClassification",
                                                  .heads = TUFF_HEAD_TOKEN_CLASSIFICATION,
                                                  .transposed = rows[i].transposed },
                       rows[i].mentions);
    expect_refused(&(struct test_checkpoint){ .architecture = "BertForTokenClassification",
                                              .heads = TUFF_HEAD_TOKEN_CLASSIFICATION,
                                              .config = "\"num_labels\":3" },
                   "classifier.weight has the shape (2, 4), by config.json it should be (3, 4)");
    expect_refused(&(struct test_checkpoint){ .architecture = "BertForMultipleChoice",
                                              .heads = TUFF_HEAD_SEQUENCE_CLASSIFICATION },
                   "it should be (1, 4)");
    expect_refused(&(struct test_checkpoint){ .config = "\"type_vocab_size\":1" }, "it should be (1, 4)");
}

Test(model_parameters, labels_that_disagree_concern_labelled_heads_alone) {
    static const char config[] = "\"num_labels\":3,\"id2label\":{\"0\":\"A\",\"1\":\"B\"}";
    struct tuff_folder opened;
    expect_opens(&(struct test_checkpoint){ .config = config }, &opened);
    tuff_folder_close(&opened);
    expect_refused(&(struct test_checkpoint){ .architecture = "BertForSequenceClassification",
                                              .config = config,
                                              .heads = TUFF_HEAD_SEQUENCE_CLASSIFICATION },
                   "num_labels is 3");
}

Test(model_parameters, two_names_of_one_parameter_must_agree) {
    expect_refused(&(struct test_checkpoint){ .extra = "embeddings.LayerNorm.weight" },
                   "with and without \"bert.\"");
    expect_refused(&(struct test_checkpoint){ .extra = "bert.embeddings.LayerNorm.gamma" },
                   "bert.embeddings.LayerNorm.gamma");
    expect_refused(
        &(struct test_checkpoint){ .heads = TUFF_HEAD_MASKED_LM, .extra = "cls.predictions.decoder.bias" },
        "cls.predictions.decoder.bias");
}

Test(model_parameters, what_is_not_used_is_said) {
    struct tuff_folder opened;
    expect_opens(&(struct test_checkpoint){ .extra = "stray" }, &opened);
    cr_expect(strstr(test_log.text, "stray is not a parameter"), "%s", test_log.text);
    tuff_folder_close(&opened);

    test_log_init(&test_log);
    expect_opens(&(struct test_checkpoint){ .extra = "stray other", .config = "\"num_hidden_layers\":1" },
                 &opened);
    cr_expect_eq(opened.parameters.count, 5 + 16 + POOLER_COUNT);
    cr_expect(strstr(test_log.text, "bert.encoder.layer.1.attention.output.LayerNorm.bias and 17 other"),
              "%s", test_log.text);
    tuff_folder_close(&opened);

    test_log_init(&test_log);
    expect_opens(&(struct test_checkpoint){ .architecture = "BertForSequenceClassification" }, &opened);
    cr_expect_eq(opened.parameters.heads, 0);
    cr_expect(strstr(test_log.text, "sequence_classification are not there"), "%s", test_log.text);
    tuff_folder_close(&opened);

    test_log_init(&test_log);
    expect_opens(&(struct test_checkpoint){ .heads = TUFF_HEAD_SEQUENCE_CLASSIFICATION }, &opened);
    cr_expect_eq(opened.parameters.heads, 0);
    cr_expect(strstr(test_log.text, "does not say of which kind (BertModel)"), "%s", test_log.text);
    tuff_folder_close(&opened);
}
