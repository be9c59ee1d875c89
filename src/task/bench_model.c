/* SPDX-License-Identifier: Apache-2.0 */
#include "task/bench_model.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "model/hub.h"

/* bert-base-uncased, bert-large-uncased and all-MiniLM-L6-v2. */
static const struct {
    const char *name;
    uint32_t hidden_size, layers, heads, intermediate_size;
} shapes[] = {
    { "base", 768, 12, 12, 3072 },
    { "large", 1024, 24, 16, 4096 },
    { "minilm", 384, 6, 12, 1536 },
};

/* A prime: rows of a matrix begin at ever other places of the repeated numbers. */
enum { PERIOD = 65521, STRIDE = 977 };

static tuff_status set_config(const char *shape, struct tuff_config *config) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if (strcmp(shapes[i].name, shape) != 0)
            continue;
        *config = (struct tuff_config){ .hidden_size = shapes[i].hidden_size,
                                        .num_hidden_layers = shapes[i].layers,
                                        .num_attention_heads = shapes[i].heads,
                                        .intermediate_size = shapes[i].intermediate_size,
                                        .vocab_size = 30522,
                                        .max_position_embeddings = 512,
                                        .type_vocab_size = 2,
                                        .layer_norm_eps = 1e-12f,
                                        .hidden_act = TUFF_ACTIVATION_GELU,
                                        .hidden_dropout_prob = 0.1f,
                                        .attention_probs_dropout_prob = 0.1f,
                                        .classifier_dropout = 0.1f,
                                        .pad_token_id = 0,
                                        .tie_word_embeddings = true };
        return TUFF_OK;
    }
    return tuff_fail(TUFF_ARGUMENT, "there is no shape '%s', but base, large and minilm", shape);
}

static size_t count_of(const struct tuff_parameter *parameter) {
    return parameter->shape[0] * (parameter->rank == 2 ? parameter->shape[1] : 1);
}

/* Ones for the norms, then normal numbers of deviation 0.02, over and over: making so many anew would take longer
 * than the measurement. */
static tuff_status fill_values(size_t ones, size_t largest, float **out_values) {
    struct tuff_random random = { .seed = 1, .stream = 1 };
    size_t count = largest + PERIOD;
    float *values = NULL;
    TUFF_TRY(tuff_alloc(ones + count, sizeof *values, &values));
    *out_values = values;
    for (size_t i = 0; i < ones; i++)
        values[i] = 1;
    for (size_t i = 0; i < PERIOD; i++)
        values[ones + i] = (float)(0.02 * tuff_random_normal(&random));
    for (size_t done = PERIOD; done < count; done *= 2) {
        size_t more = done < count - done ? done : count - done;
        memcpy(values + ones + done, values + ones, more * sizeof *values);
    }
    return TUFF_OK;
}

static tuff_status make_weights(struct tuff_folder *folder, struct tuff_bench_weights *weights) {
    struct tuff_parameters *parameters = &folder->parameters;
    const size_t ones = folder->config.hidden_size;
    size_t largest = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        size_t count = count_of(&parameters->items[i]);
        largest = count > largest ? count : largest;
        parameters->element_count += count;
    }
    TUFF_TRY(fill_values(ones, largest, &weights->values));
    TUFF_TRY(tuff_alloc(parameters->count, sizeof *weights->views, &weights->views));
    for (size_t i = 0; i < parameters->count; i++) {
        struct tuff_parameter *parameter = &parameters->items[i];
        const float *values = weights->values;
        if (!tuff_role_is_norm_weight(parameter->role))
            values += ones + i * STRIDE % PERIOD;
        weights->views[i] = (struct tuff_tensor_view){ .name = parameter->name,
                                                       .element = TUFF_ELEMENT_F32,
                                                       .rank = parameter->rank,
                                                       .shape = parameter->shape,
                                                       .count = count_of(parameter),
                                                       .data = (const unsigned char *)values,
                                                       .size = count_of(parameter) * sizeof(float) };
        parameter->source = &weights->views[i];
    }
    return TUFF_OK;
}

static tuff_status make_folder(const char *shape, struct tuff_folder *folder,
                               struct tuff_bench_weights *weights) {
    TUFF_TRY(set_config(shape, &folder->config));
    TUFF_TRY(tuff_copy_text(shape, strlen(shape), &folder->path));
    TUFF_TRY(tuff_parameters_plan(&folder->config, &folder->parameters));
    folder->parameters.heads = TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE;
    folder->parameters.has_pooler = true;
    folder->parameters.is_decoder_tied = true;
    folder->sentence.pooling = TUFF_POOLING_MEAN;
    folder->max_length = folder->config.max_position_embeddings;
    return make_weights(folder, weights);
}

tuff_status tuff_bench_folder_open(const char *model, const char *shape, const struct tuff_log *log,
                                   struct tuff_folder *out_folder, struct tuff_bench_weights *out_weights) {
    char *path = NULL;
    *out_folder = (struct tuff_folder){ 0 };
    *out_weights = (struct tuff_bench_weights){ 0 };
    if ((model != NULL) == (shape != NULL))
        return tuff_fail(TUFF_ARGUMENT, "either a model or a shape is measured");
    if (shape) {
        tuff_status status = make_folder(shape, out_folder, out_weights);
        if (status != TUFF_OK) {
            tuff_folder_close(out_folder);
            tuff_bench_weights_free(out_weights);
        }
        return status;
    }
    TUFF_TRY(tuff_hub_resolve(model, &path));
    tuff_status status = tuff_folder_open(path, log, out_folder);
    tuff_free(path);
    return status;
}

void tuff_bench_weights_free(struct tuff_bench_weights *weights) {
    tuff_free(weights->views);
    tuff_free(weights->values);
    *weights = (struct tuff_bench_weights){ 0 };
}
