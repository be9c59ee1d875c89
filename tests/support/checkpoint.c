/* SPDX-License-Identifier: Apache-2.0 */
#include "support/checkpoint.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/arrays.h"
#include "model/config.h"
#include "support/folder.h"

enum { HIDDEN = 4, INTERMEDIATE = 6, VOCAB = 10, POSITIONS = 8, LAYERS = 2, NAME_SIZE = 512 };

/* One tensor, filled with small numbers that differ. cols 0: rank 1. */
static void add(tuff_arrays *arrays, const struct test_checkpoint *checkpoint, const char *name, size_t rows,
                size_t cols) {
    float *data = NULL;
    size_t shape[2] = { rows, cols };
    size_t rank = cols ? 2 : 1;
    if (checkpoint->left_out && strstr(name, checkpoint->left_out))
        return;
    if (checkpoint->transposed && strcmp(name, checkpoint->transposed) == 0) {
        shape[0] = cols ? cols : 1;
        shape[1] = rows;
        rank = 2;
    }
    cr_assert_eq(tuff_arrays_make(arrays, name, TUFF_F32, rank, shape, &data), TUFF_OK, "%s",
                 tuff_error_message());
    for (size_t i = 0; i < rows * (cols ? cols : 1); i++)
        data[i] = (float)((tuff_arrays_count(arrays) * 31 + i * 7) % 64) / 64 - 0.5f;
}

/* "NAME.weight" and "NAME.bias". */
static void add_linear(tuff_arrays *arrays, const struct test_checkpoint *checkpoint, const char *prefix,
                       const char *name, size_t outputs, size_t inputs) {
    char text[NAME_SIZE];
    snprintf(text, sizeof text, "%s%s.weight", prefix, name);
    add(arrays, checkpoint, text, outputs, inputs);
    snprintf(text, sizeof text, "%s%s.bias", prefix, name);
    add(arrays, checkpoint, text, outputs, 0);
}

static void add_norm(tuff_arrays *arrays, const struct test_checkpoint *checkpoint, const char *prefix,
                     const char *name) {
    char text[NAME_SIZE];
    snprintf(text, sizeof text, "%s%s.LayerNorm.%s", prefix, name,
             checkpoint->is_legacy ? "gamma" : "weight");
    add(arrays, checkpoint, text, HIDDEN, 0);
    snprintf(text, sizeof text, "%s%s.LayerNorm.%s", prefix, name, checkpoint->is_legacy ? "beta" : "bias");
    add(arrays, checkpoint, text, HIDDEN, 0);
}

static void add_encoder(tuff_arrays *arrays, const struct test_checkpoint *checkpoint, const char *prefix) {
    static const struct {
        const char *name;
        size_t rows;
    } tables[] = { { "word", VOCAB }, { "position", POSITIONS }, { "token_type", 2 } };
    char text[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%sembeddings.%s_embeddings.weight", prefix, tables[i].name);
        add(arrays, checkpoint, text, tables[i].rows, HIDDEN);
    }
    add_norm(arrays, checkpoint, prefix, "embeddings");
    for (int layer = 0; layer < LAYERS; layer++) {
        snprintf(text, sizeof text, "%sencoder.layer.%d.", prefix, layer);
        add_linear(arrays, checkpoint, text, "attention.self.query", HIDDEN, HIDDEN);
        add_linear(arrays, checkpoint, text, "attention.self.key", HIDDEN, HIDDEN);
        add_linear(arrays, checkpoint, text, "attention.self.value", HIDDEN, HIDDEN);
        add_linear(arrays, checkpoint, text, "attention.output.dense", HIDDEN, HIDDEN);
        add_norm(arrays, checkpoint, text, "attention.output");
        add_linear(arrays, checkpoint, text, "intermediate.dense", INTERMEDIATE, HIDDEN);
        add_linear(arrays, checkpoint, text, "output.dense", HIDDEN, INTERMEDIATE);
        add_norm(arrays, checkpoint, text, "output");
    }
    if (!checkpoint->without_pooler)
        add_linear(arrays, checkpoint, prefix, "pooler.dense", HIDDEN, HIDDEN);
}

static void add_heads(tuff_arrays *arrays, const struct test_checkpoint *checkpoint) {
    const uint32_t heads = checkpoint->heads;
    if (heads & TUFF_HEAD_MASKED_LM) {
        add_linear(arrays, checkpoint, "cls.predictions.", "transform.dense", HIDDEN, HIDDEN);
        add_norm(arrays, checkpoint, "cls.predictions.", "transform");
        add(arrays, checkpoint, "cls.predictions.bias", VOCAB, 0);
    }
    if (heads & TUFF_HEAD_NEXT_SENTENCE)
        add_linear(arrays, checkpoint, "cls.", "seq_relationship", 2, HIDDEN);
    if (heads & (TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_TOKEN_CLASSIFICATION))
        add_linear(arrays, checkpoint, "", "classifier", 2, HIDDEN);
    if (heads & TUFF_HEAD_MULTIPLE_CHOICE)
        add_linear(arrays, checkpoint, "", "classifier", 1, HIDDEN);
    if (heads & TUFF_HEAD_QUESTION_ANSWERING)
        add_linear(arrays, checkpoint, "", "qa_outputs", 2, HIDDEN);
}

static void add_extras(tuff_arrays *arrays, const struct test_checkpoint *checkpoint) {
    char names[1024];
    snprintf(names, sizeof names, "%s", checkpoint->extra ? checkpoint->extra : "");
    char *rest = names;
    while (*rest) {
        char *name = rest;
        rest += strcspn(rest, " ");
        if (*rest)
            *rest++ = '\0';
        add(arrays, checkpoint, name, 1, 0);
    }
}

void test_checkpoint_write(const char *folder, const struct test_checkpoint *checkpoint) {
    char text[4096];
    tuff_arrays *arrays = NULL;
    snprintf(
        text, sizeof text,
        "{\"model_type\":\"bert\",\"architectures\":[\"%s\"],\"hidden_size\":%d,\"num_hidden_layers\":%d,"
        "\"num_attention_heads\":2,\"intermediate_size\":%d,\"vocab_size\":%d,\"max_position_embeddings\":%d%"
        "s%s}",
        checkpoint->architecture ? checkpoint->architecture : "BertModel", HIDDEN, LAYERS, INTERMEDIATE,
        VOCAB, POSITIONS, checkpoint->config ? "," : "", checkpoint->config ? checkpoint->config : "");
    test_write(folder, "config.json", text);
    cr_assert_eq(tuff_arrays_create(NULL, &arrays), TUFF_OK);
    add_encoder(arrays, checkpoint, checkpoint->prefix ? checkpoint->prefix : "bert.");
    add_heads(arrays, checkpoint);
    add_extras(arrays, checkpoint);
    cr_assert_eq(tuff_arrays_save(arrays, test_path(folder, "model.safetensors")), TUFF_OK);
    tuff_arrays_free(arrays);
}
