/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of `tuff forward`, `gradients` and `step`: arrays of any kind are refused, or become sequences
 * whose tokens the model has rows for. */
#include "fuzz.h"
#include "base/memory.h"
#include "task/labels.h"
#include "tuff.h"

static const uint32_t all_heads[] = { 0,
                                      TUFF_HEAD_MASKED_LM | TUFF_HEAD_NEXT_SENTENCE,
                                      TUFF_HEAD_SEQUENCE_CLASSIFICATION,
                                      TUFF_HEAD_TOKEN_CLASSIFICATION,
                                      TUFF_HEAD_MULTIPLE_CHOICE,
                                      TUFF_HEAD_QUESTION_ANSWERING };

static void check_rows(const struct tuff_grid_batch *grid, const struct tuff_config *config) {
    for (size_t s = 0; s < grid->sequence_count; s++)
        for (uint32_t i = 0; i < grid->sequences[s].visible_count + grid->sequences[s].hidden_count; i++) {
            const struct tuff_row *row = &grid->sequences[s].tokens[i];
            if ((uint32_t)row->id >= config->vocab_size || (uint32_t)row->type >= config->type_vocab_size ||
                (uint32_t)row->position >= config->max_position_embeddings)
                abort();
        }
}

static void read_inputs(const tuff_arrays *inputs, const struct tuff_config *config, uint32_t heads) {
    struct tuff_grid_batch grid = { 0 };
    struct tuff_labels labels = { 0 };
    if (tuff_labels_choose(inputs, config, heads, &labels) == TUFF_OK &&
        tuff_labels_read_grid(inputs, config, heads, &labels, &grid) == TUFF_OK) {
        check_rows(&grid, config);
        if (labels.losses)
            tuff_labels_read(inputs, config, &grid, &labels);
    }
    tuff_labels_free(&labels);
    tuff_grid_free(&grid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char small[] =
        "{\"model_type\":\"bert\",\"architectures\":[\"BertModel\"],\"hidden_size\":4,"
        "\"num_hidden_layers\":1,\"num_attention_heads\":1,\"intermediate_size\":4,"
        "\"vocab_size\":10,\"max_position_embeddings\":16,\"type_vocab_size\":2}";
    struct tuff_config config;
    tuff_arrays *inputs = NULL;
    if (tuff_config_load(fuzz_file("config.json", (const uint8_t *)small, sizeof small - 1), &config) !=
        TUFF_OK)
        abort();
    if (tuff_arrays_load(fuzz_file("inputs.safetensors", data, size), NULL, &inputs) == TUFF_OK)
        for (size_t i = 0; i < sizeof all_heads / sizeof *all_heads; i++)
            read_inputs(inputs, &config, all_heads[i]);
    tuff_arrays_free(inputs);
    tuff_config_free(&config);
    return 0;
}
