/* SPDX-License-Identifier: Apache-2.0 */
/* A model's folder, opened: its config, its parameters where they lie in the mapped weights, and what it says
 * about sentence embeddings and lengths. Closing it lets the weights go. */
#ifndef TUFF_MODEL_FOLDER_H
#define TUFF_MODEL_FOLDER_H

#include "model/config.h"
#include "model/parameters.h"
#include "model/sentence.h"
#include "model/tensors.h"

struct tuff_folder {
    char *path; /* of config.json, weights and tokenizer */
    struct tuff_config config;
    struct tuff_tensors tensors;
    struct tuff_parameters parameters;
    struct tuff_sentence sentence;
    bool has_tokenizer;
    /* Tokens that a text is truncated to: sentence_bert_config's max_seq_length, else the tokenizer's
     * model_max_length, else max_position_embeddings, which is the limit of all. */
    uint32_t max_length;
};

/* `path` is a folder (see tuff_hub_resolve). Every failure names the file, and the tensor or the key where
 * there is one. Close with tuff_folder_close, which a zeroed folder may meet too. */
tuff_status tuff_folder_open(const char *path, const struct tuff_log *log, struct tuff_folder *out_folder);
void tuff_folder_close(struct tuff_folder *folder);

#endif
