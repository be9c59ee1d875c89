/* SPDX-License-Identifier: Apache-2.0 */
#include "model/parameters.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Where a dimension comes from. */
enum dimension { NONE, VOCAB, POSITIONS, TYPES, HIDDEN, INTERMEDIATE, TWO, CLASSES };

/* Parameters that are there together or not at all. */
enum group { EMBEDDINGS, LAYER, POOLER, MASKED_LM, DECODER, NEXT_SENTENCE, CLASSIFIER, ANSWER };

/* Name without "bert." and, in layers, without "encoder.layer.N."; by role. */
static const struct spec {
    const char *name;
    enum group group;
    enum dimension rows, cols;
} specs[TUFF_ROLE_COUNT] = {
    [TUFF_ROLE_WORD_EMBEDDINGS] = { "embeddings.word_embeddings.weight", EMBEDDINGS, VOCAB, HIDDEN },
    [TUFF_ROLE_POSITION_EMBEDDINGS] = { "embeddings.position_embeddings.weight", EMBEDDINGS, POSITIONS,
                                        HIDDEN },
    [TUFF_ROLE_TOKEN_TYPE_EMBEDDINGS] = { "embeddings.token_type_embeddings.weight", EMBEDDINGS, TYPES,
                                          HIDDEN },
    [TUFF_ROLE_EMBEDDINGS_NORM_WEIGHT] = { "embeddings.LayerNorm.weight", EMBEDDINGS, HIDDEN, NONE },
    [TUFF_ROLE_EMBEDDINGS_NORM_BIAS] = { "embeddings.LayerNorm.bias", EMBEDDINGS, HIDDEN, NONE },
    [TUFF_ROLE_QUERY_WEIGHT] = { "attention.self.query.weight", LAYER, HIDDEN, HIDDEN },
    [TUFF_ROLE_QUERY_BIAS] = { "attention.self.query.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_KEY_WEIGHT] = { "attention.self.key.weight", LAYER, HIDDEN, HIDDEN },
    [TUFF_ROLE_KEY_BIAS] = { "attention.self.key.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_VALUE_WEIGHT] = { "attention.self.value.weight", LAYER, HIDDEN, HIDDEN },
    [TUFF_ROLE_VALUE_BIAS] = { "attention.self.value.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_ATTENTION_OUTPUT_WEIGHT] = { "attention.output.dense.weight", LAYER, HIDDEN, HIDDEN },
    [TUFF_ROLE_ATTENTION_OUTPUT_BIAS] = { "attention.output.dense.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_ATTENTION_NORM_WEIGHT] = { "attention.output.LayerNorm.weight", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_ATTENTION_NORM_BIAS] = { "attention.output.LayerNorm.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_INTERMEDIATE_WEIGHT] = { "intermediate.dense.weight", LAYER, INTERMEDIATE, HIDDEN },
    [TUFF_ROLE_INTERMEDIATE_BIAS] = { "intermediate.dense.bias", LAYER, INTERMEDIATE, NONE },
    [TUFF_ROLE_OUTPUT_WEIGHT] = { "output.dense.weight", LAYER, HIDDEN, INTERMEDIATE },
    [TUFF_ROLE_OUTPUT_BIAS] = { "output.dense.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_OUTPUT_NORM_WEIGHT] = { "output.LayerNorm.weight", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_OUTPUT_NORM_BIAS] = { "output.LayerNorm.bias", LAYER, HIDDEN, NONE },
    [TUFF_ROLE_POOLER_WEIGHT] = { "pooler.dense.weight", POOLER, HIDDEN, HIDDEN },
    [TUFF_ROLE_POOLER_BIAS] = { "pooler.dense.bias", POOLER, HIDDEN, NONE },
    [TUFF_ROLE_TRANSFORM_WEIGHT] = { "cls.predictions.transform.dense.weight", MASKED_LM, HIDDEN, HIDDEN },
    [TUFF_ROLE_TRANSFORM_BIAS] = { "cls.predictions.transform.dense.bias", MASKED_LM, HIDDEN, NONE },
    [TUFF_ROLE_TRANSFORM_NORM_WEIGHT] = { "cls.predictions.transform.LayerNorm.weight", MASKED_LM, HIDDEN,
                                          NONE },
    [TUFF_ROLE_TRANSFORM_NORM_BIAS] = { "cls.predictions.transform.LayerNorm.bias", MASKED_LM, HIDDEN, NONE },
    [TUFF_ROLE_DECODER_BIAS] = { "cls.predictions.bias", MASKED_LM, VOCAB, NONE },
    [TUFF_ROLE_DECODER_WEIGHT] = { "cls.predictions.decoder.weight", DECODER, VOCAB, HIDDEN },
    [TUFF_ROLE_NEXT_SENTENCE_WEIGHT] = { "cls.seq_relationship.weight", NEXT_SENTENCE, TWO, HIDDEN },
    [TUFF_ROLE_NEXT_SENTENCE_BIAS] = { "cls.seq_relationship.bias", NEXT_SENTENCE, TWO, NONE },
    [TUFF_ROLE_CLASSIFIER_WEIGHT] = { "classifier.weight", CLASSIFIER, CLASSES, HIDDEN },
    [TUFF_ROLE_CLASSIFIER_BIAS] = { "classifier.bias", CLASSIFIER, CLASSES, NONE },
    [TUFF_ROLE_ANSWER_WEIGHT] = { "qa_outputs.weight", ANSWER, TWO, HIDDEN },
    [TUFF_ROLE_ANSWER_BIAS] = { "qa_outputs.bias", ANSWER, TWO, NONE },
};

/* What tensors may be called instead. */
static const struct {
    const char *ending;
    const char *other;
} other_endings[] = {
    { "LayerNorm.weight", "LayerNorm.gamma" },
    { "LayerNorm.bias", "LayerNorm.beta" },
    { "cls.predictions.bias", "cls.predictions.decoder.bias" },
};

enum {
    CLASSIFIER_HEADS =
        TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_TOKEN_CLASSIFICATION | TUFF_HEAD_MULTIPLE_CHOICE,
    POOLED_HEADS = TUFF_HEAD_NEXT_SENTENCE | TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_MULTIPLE_CHOICE,
    NAME_SIZE = 128,
    BEFORE_LAYERS = TUFF_ROLE_QUERY_WEIGHT,
    OF_A_LAYER = TUFF_ROLE_POOLER_WEIGHT - TUFF_ROLE_QUERY_WEIGHT
};

struct search {
    const struct tuff_config *config;
    const struct tuff_tensors *tensors;
    const struct tuff_log *log;
    const char *prefix; /* "bert." or "" */
    bool *is_used;      /* by tensor */
    struct tuff_parameters *found;
};

/* ---------------------------------------------------------------- names */

static void make_name(const struct search *search, enum tuff_role role, uint32_t layer,
                      char name[NAME_SIZE]) {
    const struct spec *spec = &specs[role];
    const char *prefix = spec->group <= POOLER ? search->prefix : "";
    if (spec->group == LAYER)
        snprintf(name, NAME_SIZE, "%sencoder.layer.%u.%s", prefix, layer, spec->name);
    else
        snprintf(name, NAME_SIZE, "%s%s", prefix, spec->name);
}

static bool has_ending(const char *text, const char *ending) {
    const size_t length = strlen(text);
    const size_t ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

/* The other name of a tensor; empty where there is none. */
static void make_other_name(const char *name, char other[NAME_SIZE]) {
    other[0] = '\0';
    for (size_t i = 0; i < sizeof other_endings / sizeof *other_endings; i++) {
        if (has_ending(name, other_endings[i].ending))
            snprintf(other, NAME_SIZE, "%.*s%s", (int)(strlen(name) - strlen(other_endings[i].ending)), name,
                     other_endings[i].other);
    }
}

static bool has_tensor(const struct search *search, const char *name) {
    return tuff_tensors_find(search->tensors, name) < search->tensors->count;
}

static bool has_parameter(const struct search *search, enum tuff_role role) {
    char name[NAME_SIZE];
    char other[NAME_SIZE];
    make_name(search, role, 0, name);
    make_other_name(name, other);
    return has_tensor(search, name) || (other[0] && has_tensor(search, other));
}

static bool has_any_of(const struct search *search, enum group group) {
    for (int role = 0; role < TUFF_ROLE_COUNT; role++)
        if (specs[role].group == group && has_parameter(search, (enum tuff_role)role))
            return true;
    return false;
}

static tuff_status find_prefix(struct search *search) {
    bool found[2];
    static const char *const prefixes[] = { "", "bert." };
    for (int i = 0; i < 2; i++) {
        search->prefix = prefixes[i];
        found[i] = has_any_of(search, EMBEDDINGS);
    }
    if (found[0] && found[1])
        return tuff_fail(TUFF_FORMAT, "%s: has embeddings both with and without \"bert.\" before their names",
                         search->tensors->source);
    search->prefix = prefixes[found[0] ? 0 : 1];
    return TUFF_OK;
}

/* ---------------------------------------------------------------- one parameter */

static size_t dimension_size(const struct search *search, enum dimension dimension) {
    const struct tuff_config *config = search->config;
    switch (dimension) {
    case NONE:
        return 1;
    case TWO:
        return 2;
    case VOCAB:
        return config->vocab_size;
    case POSITIONS:
        return config->max_position_embeddings;
    case TYPES:
        return config->type_vocab_size;
    case HIDDEN:
        return config->hidden_size;
    case INTERMEDIATE:
        return config->intermediate_size;
    case CLASSES:
        break;
    }
    return config->heads & TUFF_HEAD_MULTIPLE_CHOICE ? 1 : config->num_labels;
}

static tuff_status fail_missing(const struct search *search, enum tuff_role role, const char *name) {
    const struct tuff_tensors *tensors = search->tensors;
    if (specs[role].group == EMBEDDINGS && !has_any_of(search, EMBEDDINGS) && tensors->count > 0)
        return tuff_fail(TUFF_FORMAT, "%s: %s is missing; its first tensor is %s: the weights are not BERT's",
                         tensors->source, name, tensors->views[0]->name);
    if (role == TUFF_ROLE_DECODER_WEIGHT)
        return tuff_fail(TUFF_FORMAT, "%s: %s is missing, and config.json's tie_word_embeddings is false",
                         tensors->source, name);
    return tuff_fail(TUFF_FORMAT, "%s: %s is missing", tensors->source, name);
}

static bool are_same(const struct tuff_tensor_view *a, const struct tuff_tensor_view *b) {
    const bool result =
        a->element == b->element && a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
    tuff_view_release(a);
    tuff_view_release(b);
    return result;
}

/* The tensor under one of its names. */
static tuff_status find_source(const struct search *search, enum tuff_role role, const char *name,
                               const struct tuff_tensor_view **out_source) {
    const struct tuff_tensors *tensors = search->tensors;
    char other_name[NAME_SIZE];
    make_other_name(name, other_name);
    const size_t index = tuff_tensors_find(tensors, name);
    const size_t other = other_name[0] ? tuff_tensors_find(tensors, other_name) : tensors->count;
    if (index == tensors->count && other == tensors->count)
        return fail_missing(search, role, name);
    if (index < tensors->count && other < tensors->count &&
        !are_same(tensors->views[index], tensors->views[other]))
        return tuff_fail(TUFF_FORMAT, "%s: %s and %s are two names of one parameter, but differ",
                         tensors->source, name, other_name);
    if (index < tensors->count)
        search->is_used[index] = true;
    if (other < tensors->count)
        search->is_used[other] = true;
    *out_source = tensors->views[index < tensors->count ? index : other];
    return TUFF_OK;
}

static tuff_status check_source(const struct tuff_parameter *parameter) {
    const struct tuff_tensor_view *source = parameter->source;
    bool is_right = source->rank == parameter->rank;
    for (size_t i = 0; i < parameter->rank && is_right; i++)
        is_right = source->shape[i] == parameter->shape[i];
    if (!is_right) {
        char found[TUFF_SHAPE_TEXT_SIZE];
        char expected[TUFF_SHAPE_TEXT_SIZE];
        return tuff_fail(TUFF_FORMAT, "%s: %s has the shape %s, by config.json it should be %s",
                         source->file->path, source->name,
                         tuff_shape_text(source->shape, source->rank, found),
                         tuff_shape_text(parameter->shape, parameter->rank, expected));
    }
    if (!tuff_view_has_floats(source))
        return tuff_fail(TUFF_UNSUPPORTED, "%s: %s has type %s; weights may be F32, F16, BF16 or F64",
                         source->file->path, source->name, tuff_element_name(source->element));
    return TUFF_OK;
}

static tuff_status take(const struct search *search, enum tuff_role role, uint32_t layer) {
    struct tuff_parameters *found = search->found;
    const struct spec *spec = &specs[role];
    char *name = found->names + found->count * NAME_SIZE;
    struct tuff_parameter *parameter = &found->items[found->count];
    make_name(search, role, layer, name);
    *parameter = (struct tuff_parameter){
        .name = name,
        .role = role,
        .layer = layer,
        .rank = spec->cols == NONE ? 1 : 2,
        .shape = { dimension_size(search, spec->rows), dimension_size(search, spec->cols) },
    };
    if (search->tensors) {
        TUFF_TRY(find_source(search, role, name, &parameter->source));
        TUFF_TRY(check_source(parameter));
    }
    found->count++;
    found->element_count += parameter->shape[0] * parameter->shape[1];
    return TUFF_OK;
}

static tuff_status take_group(const struct search *search, enum group group, uint32_t layer) {
    for (int role = 0; role < TUFF_ROLE_COUNT; role++)
        if (specs[role].group == group)
            TUFF_TRY(take(search, (enum tuff_role)role, layer));
    return TUFF_OK;
}

/* ---------------------------------------------------------------- heads */

/* Marks the tensors of a group that is there but of no use. */
static void pass_over(const struct search *search, enum tuff_role role) {
    char name[NAME_SIZE];
    make_name(search, role, 0, name);
    const size_t index = tuff_tensors_find(search->tensors, name);
    if (index < search->tensors->count)
        search->is_used[index] = true;
}

/* transformers ties the decoder to the word embeddings unless the file has another one. */
static tuff_status take_decoder(const struct search *search) {
    struct tuff_parameters *found = search->found;
    if (has_parameter(search, TUFF_ROLE_DECODER_WEIGHT) || !search->config->tie_word_embeddings)
        TUFF_TRY(take(search, TUFF_ROLE_DECODER_WEIGHT, 0));
    else
        found->is_decoder_tied = true;
    if (found->is_decoder_tied || !search->config->tie_word_embeddings)
        return TUFF_OK;
    if (are_same(found->items[found->count - 1].source, found->items[TUFF_ROLE_WORD_EMBEDDINGS].source)) {
        found->count--;
        found->element_count -= found->items[found->count].source->count;
        found->is_decoder_tied = true;
    }
    return TUFF_OK;
}

static tuff_status take_head(const struct search *search, enum group group, uint32_t head) {
    if (!has_any_of(search, group))
        return TUFF_OK;
    if (head & POOLED_HEADS && !search->found->has_pooler)
        TUFF_TRY(take(search, TUFF_ROLE_POOLER_WEIGHT, 0)); /* fails and names it */
    TUFF_TRY(take_group(search, group, 0));
    if (group == MASKED_LM)
        TUFF_TRY(take_decoder(search));
    search->found->heads |= head;
    return TUFF_OK;
}

/* Three heads have a classifier; the tensors do not tell them apart. */
static tuff_status take_classifier(const struct search *search) {
    const struct tuff_config *config = search->config;
    const uint32_t head = config->heads & CLASSIFIER_HEADS;
    if (!has_any_of(search, CLASSIFIER))
        return TUFF_OK;
    if (head == 0 || (head & (head - 1)) != 0) {
        tuff_log_write(
            search->log, TUFF_LOG_WARNING,
            "%s: has a classifier, but config.json's architectures does not say of which kind (%s); it is "
            "left out",
            search->tensors->source, config->architecture ? config->architecture : "none is given");
        pass_over(search, TUFF_ROLE_CLASSIFIER_WEIGHT);
        pass_over(search, TUFF_ROLE_CLASSIFIER_BIAS);
        return TUFF_OK;
    }
    if (config->label_problem && head != TUFF_HEAD_MULTIPLE_CHOICE)
        return tuff_fail(TUFF_FORMAT, "config.json: %s", config->label_problem);
    return take_head(search, CLASSIFIER, head);
}

static tuff_status take_all(struct search *search) {
    const struct tuff_config *config = search->config;
    TUFF_TRY(find_prefix(search));
    TUFF_TRY(take_group(search, EMBEDDINGS, 0));
    for (uint32_t layer = 0; layer < config->num_hidden_layers; layer++)
        TUFF_TRY(take_group(search, LAYER, layer));
    if (has_any_of(search, POOLER)) {
        TUFF_TRY(take_group(search, POOLER, 0));
        search->found->has_pooler = true;
    }
    TUFF_TRY(take_head(search, MASKED_LM, TUFF_HEAD_MASKED_LM));
    TUFF_TRY(take_head(search, NEXT_SENTENCE, TUFF_HEAD_NEXT_SENTENCE));
    TUFF_TRY(take_classifier(search));
    return take_head(search, ANSWER, TUFF_HEAD_QUESTION_ANSWERING);
}

/* ---------------------------------------------------------------- what is left over */

/* Buffers that older versions of transformers saved. */
static bool is_known_buffer(const char *name) {
    return has_ending(name, "embeddings.position_ids") || has_ending(name, "embeddings.token_type_ids");
}

static void log_unused(const struct search *search) {
    const struct tuff_tensors *tensors = search->tensors;
    const char *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < tensors->count; i++) {
        if (search->is_used[i] || is_known_buffer(tensors->views[i]->name))
            continue;
        first = first ? first : tensors->views[i]->name;
        count++;
    }
    if (count == 1)
        tuff_log_write(search->log, TUFF_LOG_WARNING, "%s: %s is not a parameter of the model and is ignored",
                       tensors->source, first);
    else if (count > 1)
        tuff_log_write(search->log, TUFF_LOG_WARNING,
                       "%s: %s and %zu other tensors are not parameters of the model and are ignored",
                       tensors->source, first, count - 1);
    const uint32_t absent = search->config->heads & ~search->found->heads;
    char heads[TUFF_HEADS_TEXT_SIZE];
    if (absent && !(absent & CLASSIFIER_HEADS && has_any_of(search, CLASSIFIER)))
        tuff_log_write(search->log, TUFF_LOG_WARNING,
                       "%s: config.json says %s, but the weights of %s are not there", tensors->source,
                       search->config->architecture, tuff_heads_text(absent, heads));
}

/* ---------------------------------------------------------------- the list */

tuff_status tuff_parameters_find(const struct tuff_config *config, const struct tuff_tensors *tensors,
                                 const struct tuff_log *log, struct tuff_parameters *out_parameters) {
    struct search search = { .config = config, .tensors = tensors, .log = log, .found = out_parameters };
    const size_t most = TUFF_ROLE_COUNT + (size_t)config->num_hidden_layers * OF_A_LAYER;
    *out_parameters = (struct tuff_parameters){ .layer_count = config->num_hidden_layers };
    tuff_status status = tuff_alloc(tensors->count, sizeof *search.is_used, &search.is_used);
    TUFF_TRY_GOTO(status);
    TUFF_TRY_GOTO(tuff_alloc(most, sizeof *out_parameters->items, &out_parameters->items));
    TUFF_TRY_GOTO(tuff_alloc(most, NAME_SIZE, &out_parameters->names));
    TUFF_TRY_GOTO(take_all(&search));
    log_unused(&search);
done:
    tuff_free(search.is_used);
    if (status != TUFF_OK)
        tuff_parameters_free(out_parameters);
    return status;
}

tuff_status tuff_parameters_plan(const struct tuff_config *config, struct tuff_parameters *out_parameters) {
    static const enum group groups[] = { POOLER, MASKED_LM, NEXT_SENTENCE };
    struct search search = { .config = config, .prefix = "bert.", .found = out_parameters };
    const size_t most = TUFF_ROLE_COUNT + (size_t)config->num_hidden_layers * OF_A_LAYER;
    *out_parameters = (struct tuff_parameters){ .layer_count = config->num_hidden_layers };
    tuff_status status = tuff_alloc(most, sizeof *out_parameters->items, &out_parameters->items);
    TUFF_TRY_GOTO(status);
    TUFF_TRY_GOTO(tuff_alloc(most, NAME_SIZE, &out_parameters->names));
    TUFF_TRY_GOTO(take_group(&search, EMBEDDINGS, 0));
    for (uint32_t layer = 0; layer < config->num_hidden_layers; layer++)
        TUFF_TRY_GOTO(take_group(&search, LAYER, layer));
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        TUFF_TRY_GOTO(take_group(&search, groups[i], 0));
done:
    if (status != TUFF_OK)
        tuff_parameters_free(out_parameters);
    return status;
}

void tuff_parameters_free(struct tuff_parameters *parameters) {
    for (size_t i = 0; i < parameters->fresh_count; i++)
        tuff_free(parameters->fresh[i]);
    tuff_free(parameters->fresh);
    tuff_free(parameters->items);
    tuff_free(parameters->names);
    *parameters = (struct tuff_parameters){ 0 };
}

const struct tuff_parameter *tuff_parameters_get(const struct tuff_parameters *parameters,
                                                 enum tuff_role role, uint32_t layer) {
    const size_t after_layers = BEFORE_LAYERS + (size_t)parameters->layer_count * OF_A_LAYER;
    if (role < TUFF_ROLE_QUERY_WEIGHT)
        return &parameters->items[role];
    if (role < TUFF_ROLE_POOLER_WEIGHT)
        return layer < parameters->layer_count
                   ? &parameters
                          ->items[BEFORE_LAYERS + (size_t)layer * OF_A_LAYER + (size_t)role - BEFORE_LAYERS]
                   : NULL;
    for (size_t i = after_layers; i < parameters->count; i++)
        if (parameters->items[i].role == role)
            return &parameters->items[i];
    return NULL;
}

bool tuff_role_is_norm_weight(enum tuff_role role) {
    return role == TUFF_ROLE_EMBEDDINGS_NORM_WEIGHT || role == TUFF_ROLE_ATTENTION_NORM_WEIGHT ||
           role == TUFF_ROLE_OUTPUT_NORM_WEIGHT || role == TUFF_ROLE_TRANSFORM_NORM_WEIGHT;
}
