/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fresh_head.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "model/fresh.h"

enum {
    POOLED_HEADS = TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_MULTIPLE_CHOICE,
    LABELLED_HEADS = TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_TOKEN_CLASSIFICATION,
    WEIGHT_STREAM = 1 << 25 /* of random numbers; each parameter adds its role */
};

static const char *architecture_of(enum tuff_head head) {
    if (head == 0)
        return "BertModel";
    switch (head) {
    case TUFF_HEAD_TOKEN_CLASSIFICATION:
        return "BertForTokenClassification";
    case TUFF_HEAD_MULTIPLE_CHOICE:
        return "BertForMultipleChoice";
    case TUFF_HEAD_QUESTION_ANSWERING:
        return "BertForQuestionAnswering";
    default:
        return "BertForSequenceClassification";
    }
}

bool tuff_folder_has_head(const struct tuff_folder *folder, const struct tuff_fresh_head *fresh) {
    if (fresh->replaces || !(folder->parameters.heads & (uint32_t)fresh->head))
        return false;
    return !fresh->labels || !(fresh->head & LABELLED_HEADS) ||
           fresh->label_count == folder->config.num_labels;
}

/* ---------------------------------------------------------------- config */

static tuff_status set_labels(struct tuff_config *config, const char *const *labels, uint32_t count) {
    char **copies = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *copies, &copies));
    for (uint32_t i = 0; i < config->num_labels; i++)
        tuff_free(config->labels[i]);
    tuff_free(config->labels);
    config->labels = copies;
    config->num_labels = count;
    for (uint32_t i = 0; i < count; i++)
        TUFF_TRY(tuff_copy_text(labels[i], strlen(labels[i]), &copies[i]));
    return TUFF_OK;
}

static tuff_status set_config(struct tuff_config *config, const struct tuff_fresh_head *fresh) {
    const char *architecture = architecture_of(fresh->head);
    if (fresh->labels && fresh->head & LABELLED_HEADS)
        TUFF_TRY(set_labels(config, fresh->labels, fresh->label_count));
    tuff_free(config->label_problem);
    config->label_problem = NULL;
    config->problem_type = fresh->problem;
    config->heads = fresh->head;
    tuff_free(config->architecture);
    config->architecture = NULL;
    return tuff_copy_text(architecture, strlen(architecture), &config->architecture);
}

/* ---------------------------------------------------------------- parameters */

static bool is_wanted(enum tuff_role role, uint32_t head) {
    switch (role) {
    case TUFF_ROLE_POOLER_WEIGHT:
    case TUFF_ROLE_POOLER_BIAS:
        return head == 0 || head & POOLED_HEADS;
    case TUFF_ROLE_CLASSIFIER_WEIGHT:
    case TUFF_ROLE_CLASSIFIER_BIAS:
        return head & (POOLED_HEADS | TUFF_HEAD_TOKEN_CLASSIFICATION);
    case TUFF_ROLE_ANSWER_WEIGHT:
    case TUFF_ROLE_ANSWER_BIAS:
        return head & TUFF_HEAD_QUESTION_ANSWERING;
    default:
        return role < TUFF_ROLE_POOLER_WEIGHT;
    }
}

/* Drops what the task has no use for, and the head itself where a new one takes its place. */
static void keep_wanted(struct tuff_parameters *parameters, uint32_t head, bool keeps_head) {
    size_t kept = 0;
    parameters->element_count = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        const struct tuff_parameter *parameter = &parameters->items[i];
        bool is_of_head = parameter->role > TUFF_ROLE_POOLER_BIAS;
        if (!is_wanted(parameter->role, head) || (is_of_head && !keeps_head))
            continue;
        parameters->element_count += parameter->source->count;
        parameters->items[kept++] = *parameter;
    }
    parameters->count = kept;
    parameters->has_pooler = parameters->has_pooler && is_wanted(TUFF_ROLE_POOLER_WEIGHT, head);
    parameters->is_decoder_tied = false;
    parameters->heads = head;
}

static tuff_status add_fresh(struct tuff_parameters *parameters, const struct tuff_parameter *wanted,
                             bool is_random, uint64_t seed) {
    struct tuff_random random = { .seed = seed, .stream = (uint32_t)WEIGHT_STREAM + (uint32_t)wanted->role };
    const size_t count = wanted->shape[0] * (wanted->rank == 2 ? wanted->shape[1] : 1);
    float *values = NULL;
    TUFF_TRY(tuff_parameters_add_fresh(parameters, wanted, &values));
    for (size_t i = 0; i < count && is_random; i++)
        values[i] = (float)(0.02 * tuff_random_normal(&random));
    return TUFF_OK;
}

/* A linear layer: normal weights of the deviation that BERT begins with, and biases of zeros. */
static tuff_status add_linear(struct tuff_folder *folder, enum tuff_role role, const char *weight_name,
                              const char *bias_name, uint32_t outputs, bool is_random, uint64_t seed) {
    struct tuff_parameter weight = {
        .name = weight_name, .role = role, .rank = 2, .shape = { outputs, folder->config.hidden_size }
    };
    struct tuff_parameter bias = { .name = bias_name, .role = role + 1, .rank = 1, .shape = { outputs, 1 } };
    TUFF_TRY(add_fresh(&folder->parameters, &weight, is_random, seed));
    return add_fresh(&folder->parameters, &bias, false, seed);
}

static tuff_status add_pooler(struct tuff_folder *folder, uint64_t seed) {
    bool has_prefix = strncmp(folder->parameters.items[0].name, "bert.", 5) == 0;
    size_t skipped = has_prefix ? 0 : 5;
    folder->parameters.has_pooler = true;
    return add_linear(folder, TUFF_ROLE_POOLER_WEIGHT, &"bert.pooler.dense.weight"[skipped],
                      &"bert.pooler.dense.bias"[skipped], folder -> config.hidden_size, true, seed);
}

tuff_status tuff_folder_set_head(struct tuff_folder *folder, const struct tuff_fresh_head *fresh) {
    bool keeps_head = tuff_folder_has_head(folder, fresh);
    bool answers = fresh->head == TUFF_HEAD_QUESTION_ANSWERING;
    TUFF_TRY(set_config(&folder->config, fresh));
    keep_wanted(&folder->parameters, fresh->head, keeps_head);
    if (fresh->head & POOLED_HEADS && !folder->parameters.has_pooler)
        TUFF_TRY(add_pooler(folder, fresh->seed));
    if (keeps_head || fresh->head == 0)
        return TUFF_OK;
    if (answers)
        return add_linear(folder, TUFF_ROLE_ANSWER_WEIGHT, "qa_outputs.weight", "qa_outputs.bias", 2,
                          !fresh->is_zero, fresh->seed);
    uint32_t outputs = fresh->head == TUFF_HEAD_MULTIPLE_CHOICE ? 1 : folder->config.num_labels;
    return add_linear(folder, TUFF_ROLE_CLASSIFIER_WEIGHT, "classifier.weight", "classifier.bias", outputs,
                      !fresh->is_zero, fresh->seed);
}
