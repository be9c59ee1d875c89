/* SPDX-License-Identifier: Apache-2.0 */
#include "model/config.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

/* Larger than any BERT; products of two of them stay below 2^45. */
enum {
    MAX_FILE = 16 << 20,
    MAX_SIZE = 1 << 17,
    MAX_LAYERS = 1024,
    MAX_VOCAB = 1 << 24,
    MAX_POSITIONS = 1 << 20,
    MAX_LABELS = 1 << 20
};

static const struct {
    const char *name;
    enum tuff_activation activation;
} activations[] = {
    /* The first of each is its proper name. The tanh approximations differ in rounding alone. */
    { "gelu", TUFF_ACTIVATION_GELU },
    { "gelu_new", TUFF_ACTIVATION_GELU_NEW },
    { "relu", TUFF_ACTIVATION_RELU },
    { "silu", TUFF_ACTIVATION_SILU },
    { "tanh", TUFF_ACTIVATION_TANH },
    { "gelu_python", TUFF_ACTIVATION_GELU },
    { "gelu_pytorch_tanh", TUFF_ACTIVATION_GELU_NEW },
    { "gelu_python_tanh", TUFF_ACTIVATION_GELU_NEW },
    { "gelu_fast", TUFF_ACTIVATION_GELU_NEW },
    { "gelu_accurate", TUFF_ACTIVATION_GELU_NEW },
    { "swish", TUFF_ACTIVATION_SILU },
};

static const struct {
    const char *name;
    uint32_t heads;
} architectures[] = {
    { "BertForMaskedLM", TUFF_HEAD_MASKED_LM },
    { "BertForNextSentencePrediction", TUFF_HEAD_NEXT_SENTENCE },
    { "BertForPreTraining", TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE },
    { "BertForSequenceClassification", TUFF_HEAD_SEQUENCE_CLASSIFICATION },
    { "BertForTokenClassification", TUFF_HEAD_TOKEN_CLASSIFICATION },
    { "BertForMultipleChoice", TUFF_HEAD_MULTIPLE_CHOICE },
    { "BertForQuestionAnswering", TUFF_HEAD_QUESTION_ANSWERING },
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const char *tuff_activation_name(enum tuff_activation activation) {
    for (size_t i = 0; i < COUNT(activations); i++)
        if (activations[i].activation == activation)
            return activations[i].name;
    return "none";
}

const char *tuff_heads_text(uint32_t heads, char text[TUFF_HEADS_TEXT_SIZE]) {
    static const char *const names[] = {
        "masked_lm",       "next_sentence",     "sequence_classification", "token_classification",
        "multiple_choice", "question_answering"
    };
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < COUNT(names); i++)
        if (heads & 1u << i)
            length += (size_t)snprintf(text + length, TUFF_HEADS_TEXT_SIZE - length, "%s%s",
                                       length > 0 ? ", " : "", names[i]);
    return text;
}

/* ---------------------------------------------------------------- what kind of model */

static tuff_status unsupported(const struct tuff_json *root, const char *key, const char *what) {
    return tuff_fail(TUFF_UNSUPPORTED, "%s: %s: %s", root->name, key, what);
}

static tuff_status read_architectures(const struct tuff_json *root, struct tuff_config *config) {
    struct tuff_json list;
    if (!tuff_json_find(root, "architectures", &list))
        return TUFF_OK;
    TUFF_TRY(tuff_json_array(root, "architectures", &list));
    for (size_t i = 0; i < tuff_json_count(&list); i++) {
        const struct tuff_json item = tuff_json_item(&list, i);
        const char *name = NULL;
        TUFF_TRY(tuff_json_as_string(&item, &name));
        if (!config->architecture)
            TUFF_TRY(tuff_copy_text(name, strlen(name), &config->architecture));
        for (size_t a = 0; a < COUNT(architectures); a++)
            if (strcmp(name, architectures[a].name) == 0)
                config->heads |= architectures[a].heads;
    }
    return TUFF_OK;
}

/* model_type decides; a file without it (they exist) is BERT's where its architecture says so. */
static tuff_status check_model_type(const struct tuff_json *root, const struct tuff_config *config) {
    const char *type = NULL;
    TUFF_TRY(tuff_json_optional_string(root, "model_type", &type));
    const char *found = type ? type : config->architecture;
    if (!found)
        return tuff_json_fail(root,
                              "has neither model_type nor architectures; add \"model_type\": \"bert\" if the "
                              "model is BERT");
    if (type ? strcmp(type, "bert") != 0 : strncmp(found, "Bert", 4) != 0)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: the model is %s, not bert; tuff runs BERT encoders",
                         root->name, found);
    return TUFF_OK;
}

/* Settings under which BERT computes something else. */
static tuff_status check_variants(const struct tuff_json *root) {
    bool is_decoder = false;
    bool has_cross_attention = false;
    const char *positions = "absolute";
    struct tuff_json member;
    TUFF_TRY(tuff_json_optional_boolean(root, "is_decoder", &is_decoder));
    TUFF_TRY(tuff_json_optional_boolean(root, "add_cross_attention", &has_cross_attention));
    TUFF_TRY(tuff_json_optional_string(root, "position_embedding_type", &positions));
    if (is_decoder || has_cross_attention)
        return unsupported(root, is_decoder ? "is_decoder" : "add_cross_attention",
                           "the model is a decoder; tuff runs encoders");
    if (strcmp(positions, "absolute") != 0)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: position_embedding_type: %s is not known; absolute is",
                         root->name, positions);
    if (tuff_json_find(root, "quantization_config", &member))
        return unsupported(root, "quantization_config",
                           "the weights are quantized; take the model that they come from");
    if (tuff_json_find(root, "pruned_heads", &member) && tuff_json_count(&member) > 0)
        return unsupported(root, "pruned_heads",
                           "attention heads have been cut out; take the model as it was before");
    return TUFF_OK;
}

/* Missing is one thing: transformers has a value then. null is another: it fails there. */
static tuff_status refuse_nulls(const struct tuff_json *root) {
    static const char *const keys[] = { "hidden_act", "type_vocab_size", "layer_norm_eps",
                                        "hidden_dropout_prob", "attention_probs_dropout_prob" };
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct tuff_json member;
        if (!tuff_json_find(root, keys[i], &member) && member.value)
            return tuff_json_fail(&member, "is null");
    }
    return TUFF_OK;
}

/* ---------------------------------------------------------------- numbers */

static tuff_status check_range(const struct tuff_json *root, const char *key, int64_t value, int64_t least,
                               int64_t most) {
    const struct tuff_json member = { .parent = root, .name = key };
    if (value < least || value > most)
        return tuff_json_fail(&member, "%lld is out of range (%lld to %lld)", (long long)value,
                              (long long)least, (long long)most);
    return TUFF_OK;
}

static tuff_status read_count(const struct tuff_json *root, const char *key, uint32_t most,
                              uint32_t *out_count) {
    int64_t value = 0;
    TUFF_TRY(tuff_json_integer(root, key, &value));
    TUFF_TRY(check_range(root, key, value, 1, most));
    *out_count = (uint32_t)value;
    return TUFF_OK;
}

/* 0 to 1; *inout stays where the key is missing. */
static tuff_status read_fraction(const struct tuff_json *root, const char *key, float *inout_value) {
    double value = *inout_value;
    TUFF_TRY(tuff_json_optional_number(root, key, &value));
    const struct tuff_json member = { .parent = root, .name = key };
    if (!(value >= 0 && value <= 1))
        return tuff_json_fail(&member, "%g is out of range (0 to 1)", value);
    *inout_value = (float)value;
    return TUFF_OK;
}

static tuff_status read_sizes(const struct tuff_json *root, struct tuff_config *config) {
    TUFF_TRY(read_count(root, "hidden_size", MAX_SIZE, &config->hidden_size));
    TUFF_TRY(read_count(root, "num_hidden_layers", MAX_LAYERS, &config->num_hidden_layers));
    TUFF_TRY(read_count(root, "num_attention_heads", config->hidden_size, &config->num_attention_heads));
    TUFF_TRY(read_count(root, "intermediate_size", MAX_SIZE, &config->intermediate_size));
    TUFF_TRY(read_count(root, "vocab_size", MAX_VOCAB, &config->vocab_size));
    TUFF_TRY(read_count(root, "max_position_embeddings", MAX_POSITIONS, &config->max_position_embeddings));
    struct tuff_json member;
    config->type_vocab_size = 2;
    if (tuff_json_find(root, "type_vocab_size", &member))
        TUFF_TRY(read_count(root, "type_vocab_size", MAX_SIZE, &config->type_vocab_size));
    if (config->hidden_size % config->num_attention_heads != 0)
        return tuff_json_fail(root, "hidden_size (%u) is no multiple of num_attention_heads (%u)",
                              config->hidden_size, config->num_attention_heads);
    return TUFF_OK;
}

static tuff_status read_fractions(const struct tuff_json *root, struct tuff_config *config) {
    config->layer_norm_eps = 1e-12f;
    config->hidden_dropout_prob = 0.1f;
    config->attention_probs_dropout_prob = 0.1f;
    TUFF_TRY(read_fraction(root, "layer_norm_eps", &config->layer_norm_eps));
    TUFF_TRY(read_fraction(root, "hidden_dropout_prob", &config->hidden_dropout_prob));
    TUFF_TRY(read_fraction(root, "attention_probs_dropout_prob", &config->attention_probs_dropout_prob));
    config->classifier_dropout = config->hidden_dropout_prob;
    return read_fraction(root, "classifier_dropout", &config->classifier_dropout);
}

static tuff_status read_activation(const struct tuff_json *root, struct tuff_config *config) {
    const char *name = "gelu";
    TUFF_TRY(tuff_json_optional_string(root, "hidden_act", &name));
    for (size_t i = 0; i < COUNT(activations); i++) {
        if (strcmp(name, activations[i].name) == 0) {
            config->hidden_act = activations[i].activation;
            return TUFF_OK;
        }
    }
    return tuff_fail(TUFF_UNSUPPORTED,
                     "%s: hidden_act: %s is not known; gelu, gelu_new, relu, silu and tanh are", root->name,
                     name);
}

/* null: none, which only training would notice. */
static tuff_status read_pad_token(const struct tuff_json *root, struct tuff_config *config) {
    int64_t id = 0;
    struct tuff_json member;
    const bool is_null = !tuff_json_find(root, "pad_token_id", &member) && member.value;
    TUFF_TRY(tuff_json_optional_integer(root, "pad_token_id", &id));
    TUFF_TRY(check_range(root, "pad_token_id", id, -1, (int64_t)config->vocab_size - 1));
    config->pad_token_id = is_null ? -1 : (int32_t)id;
    return TUFF_OK;
}

/* ---------------------------------------------------------------- labels */

/* A decimal number below `limit`, without sign or leading zeros; -1 for anything else. */
static int64_t parse_index(const char *text, size_t limit) {
    int64_t value = 0;
    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return -1;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9')
            return -1;
        value = value * 10 + (*at - '0');
        if ((uint64_t)value >= limit)
            return -1;
    }
    return value;
}

static tuff_status allocate_labels(struct tuff_config *config, size_t count) {
    TUFF_TRY(tuff_alloc(count, sizeof *config->labels, &config->labels));
    config->num_labels = (uint32_t)count;
    return TUFF_OK;
}

static tuff_status read_id2label(const struct tuff_json *map, struct tuff_config *config) {
    const size_t count = tuff_json_count(map);
    const char *key = NULL;
    json_t *value = NULL;
    if (count == 0 || count > MAX_LABELS)
        return tuff_json_fail(map, "has %zu labels; 1 to %d are possible", count, MAX_LABELS);
    TUFF_TRY(allocate_labels(config, count));
    json_object_foreach(map->value, key, value) {
        const struct tuff_json entry = { .value = value, .parent = map, .name = key };
        const int64_t index = parse_index(key, count);
        const char *label = NULL;
        if (index < 0)
            return tuff_json_fail(&entry, "the %zu labels must be numbered from 0 to %zu", count, count - 1);
        TUFF_TRY(tuff_json_as_string(&entry, &label));
        TUFF_TRY(tuff_copy_text(label, strlen(label), &config->labels[index]));
    }
    return TUFF_OK;
}

static tuff_status make_labels(struct tuff_config *config, uint32_t count) {
    TUFF_TRY(allocate_labels(config, count));
    for (uint32_t i = 0; i < count; i++)
        TUFF_TRY(tuff_format(&config->labels[i], "LABEL_%u", i));
    return TUFF_OK;
}

/* Notes the first entry of label2id that says something else than id2label. */
static tuff_status compare_label2id(const struct tuff_json *map, struct tuff_config *config) {
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(map->value, key, value) {
        const struct tuff_json entry = { .value = value, .parent = map, .name = key };
        int64_t id = 0;
        TUFF_TRY(tuff_json_as_integer(&entry, &id));
        const bool is_known = id >= 0 && id < config->num_labels;
        if (!is_known || strcmp(config->labels[id], key) != 0)
            return tuff_format(&config->label_problem,
                               "label2id gives %s the number %lld, which is %s in id2label", key,
                               (long long)id, is_known ? config->labels[id] : "absent");
    }
    return TUFF_OK;
}

/* Contradictions are noted, not refused: they concern only models with a labelled head. */
static tuff_status read_labels(const struct tuff_json *root, struct tuff_config *config) {
    struct tuff_json map;
    int64_t count = 0;
    TUFF_TRY(tuff_json_optional_integer(root, "num_labels", &count));
    const bool has_count = tuff_json_find(root, "num_labels", &map);
    if (has_count)
        TUFF_TRY(check_range(root, "num_labels", count, 1, MAX_LABELS));
    const bool has_names = tuff_json_find(root, "id2label", &map);
    if (!has_names)
        TUFF_TRY(make_labels(config, has_count ? (uint32_t)count : 2));
    else if (!json_is_object(map.value))
        return tuff_json_fail(&map, "expected an object");
    else
        TUFF_TRY(read_id2label(&map, config));
    if (has_count && count != config->num_labels)
        return tuff_format(&config->label_problem, "num_labels is %lld, but id2label has %u labels",
                           (long long)count, config->num_labels);
    if (has_names && tuff_json_find(root, "label2id", &map)) {
        if (!json_is_object(map.value))
            return tuff_json_fail(&map, "expected an object");
        return compare_label2id(&map, config);
    }
    return TUFF_OK;
}

static tuff_status read_problem_type(const struct tuff_json *root, struct tuff_config *config) {
    static const char *const names[] = { NULL, "regression", "single_label_classification",
                                         "multi_label_classification" };
    const char *name = NULL;
    TUFF_TRY(tuff_json_optional_string(root, "problem_type", &name));
    config->problem_type = TUFF_PROBLEM_UNSET;
    for (size_t i = 1; i < COUNT(names) && name; i++) {
        if (strcmp(name, names[i]) == 0) {
            config->problem_type = (enum tuff_problem_type)i;
            return TUFF_OK;
        }
    }
    if (name)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: problem_type: %s is not known; %s, %s and %s are", root->name,
                         name, names[1], names[2], names[3]);
    return TUFF_OK;
}

/* sentence-transformers' CrossEncoder has its function in a newer and an older place. */
static tuff_status read_rank_function(const struct tuff_json *root, struct tuff_config *config) {
    const char *name = NULL;
    struct tuff_json section;
    TUFF_TRY(tuff_json_optional_string(root, "sbert_ce_default_activation_function", &name));
    if (tuff_json_find(root, "sentence_transformers", &section) && json_is_object(section.value))
        TUFF_TRY(tuff_json_optional_string(&section, "activation_fn", &name));
    return name ? tuff_copy_text(name, strlen(name), &config->rank_function) : TUFF_OK;
}

/* ---------------------------------------------------------------- the file */

static tuff_status read_config(const struct tuff_json *root, struct tuff_config *config) {
    if (!json_is_object(root->value))
        return tuff_json_fail(root, "expected an object");
    TUFF_TRY(read_architectures(root, config));
    TUFF_TRY(check_model_type(root, config));
    TUFF_TRY(check_variants(root));
    TUFF_TRY(refuse_nulls(root));
    TUFF_TRY(read_sizes(root, config));
    TUFF_TRY(read_fractions(root, config));
    TUFF_TRY(read_activation(root, config));
    TUFF_TRY(read_pad_token(root, config));
    TUFF_TRY(read_problem_type(root, config));
    TUFF_TRY(read_rank_function(root, config));
    config->tie_word_embeddings = true;
    TUFF_TRY(tuff_json_optional_boolean(root, "tie_word_embeddings", &config->tie_word_embeddings));
    return read_labels(root, config);
}

tuff_status tuff_config_load(const char *path, struct tuff_config *out_config) {
    struct tuff_json root;
    *out_config = (struct tuff_config){ 0 };
    TUFF_TRY(tuff_json_load(path, MAX_FILE, 0, &root));
    const tuff_status status = read_config(&root, out_config);
    tuff_json_free(&root);
    if (status != TUFF_OK)
        tuff_config_free(out_config);
    return status;
}

void tuff_config_free(struct tuff_config *config) {
    for (uint32_t i = 0; i < config->num_labels && config->labels; i++)
        tuff_free(config->labels[i]);
    tuff_free(config->labels);
    tuff_free(config->label_problem);
    tuff_free(config->architecture);
    tuff_free(config->rank_function);
    *config = (struct tuff_config){ 0 };
}
