/* SPDX-License-Identifier: Apache-2.0 */
#include "model/folder.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

enum { MAX_TOKENIZER_CONFIG = 64 << 20 };

static tuff_status has_file(const struct tuff_folder *folder, const char *name, bool *out_exists) {
    char *path = NULL;
    TUFF_TRY(tuff_path_join(folder->path, name, &path));
    *out_exists = tuff_file_exists(path);
    tuff_free(path);
    return TUFF_OK;
}

static tuff_status load_config(struct tuff_folder *folder) {
    char *path = NULL;
    TUFF_TRY(tuff_path_join(folder->path, "config.json", &path));
    tuff_status status = TUFF_OK;
    if (tuff_file_exists(path))
        status = tuff_config_load(path, &folder->config);
    else
        status = tuff_fail(TUFF_IO, "%s: is missing; a model's folder has config.json and model.safetensors",
                           path);
    tuff_free(path);
    return status;
}

/* tokenizer_config.json's model_max_length; 0 where it says nothing (10^30 stands for nothing). */
static tuff_status read_model_max_length(const struct tuff_folder *folder, uint32_t *out_length) {
    char *path = NULL;
    double length = 0;
    struct tuff_json root = { 0 };
    *out_length = 0;
    TUFF_TRY(tuff_path_join(folder->path, "tokenizer_config.json", &path));
    tuff_status status = TUFF_OK;
    if (tuff_file_exists(path))
        status = tuff_json_load(path, MAX_TOKENIZER_CONFIG, 0, &root);
    if (status == TUFF_OK)
        status = tuff_json_optional_number(&root, "model_max_length", &length);
    if (status == TUFF_OK && length >= 1 && length <= UINT32_MAX)
        *out_length = (uint32_t)length;
    tuff_json_free(&root);
    tuff_free(path);
    return status;
}

static tuff_status find_max_length(struct tuff_folder *folder) {
    const uint32_t most = folder->config.max_position_embeddings;
    uint32_t length = folder->sentence.max_length;
    if (length == 0)
        TUFF_TRY(read_model_max_length(folder, &length));
    folder->max_length = length == 0 || length > most ? most : length;
    return TUFF_OK;
}

static tuff_status check_embedding_size(const struct tuff_folder *folder) {
    const uint32_t size = folder->sentence.embedding_size;
    if (size != 0 && size != folder->config.hidden_size)
        return tuff_fail(TUFF_FORMAT,
                         "%s: the pooling's word_embedding_dimension is %u, config.json's hidden_size %u",
                         folder->path, size, folder->config.hidden_size);
    return TUFF_OK;
}

static tuff_status open_all(const char *path, const struct tuff_log *log, struct tuff_folder *folder) {
    if (!tuff_file_is_folder(path))
        return tuff_fail(TUFF_IO, "%s: is not a folder", path);
    TUFF_TRY(tuff_sentence_load(path, log, &folder->sentence));
    if (folder->sentence.transformer[0])
        TUFF_TRY(tuff_path_join(path, folder->sentence.transformer, &folder->path));
    else
        TUFF_TRY(tuff_copy_text(path, strlen(path), &folder->path));
    TUFF_TRY(load_config(folder));
    TUFF_TRY(check_embedding_size(folder));
    TUFF_TRY(find_max_length(folder));
    bool has_json = false;
    bool has_vocab = false;
    TUFF_TRY(has_file(folder, "tokenizer.json", &has_json));
    TUFF_TRY(has_file(folder, "vocab.txt", &has_vocab));
    folder->has_tokenizer = has_json || has_vocab;
    TUFF_TRY(tuff_tensors_open(folder->path, &folder->tensors));
    return tuff_parameters_find(&folder->config, &folder->tensors, log, &folder->parameters);
}

tuff_status tuff_folder_open(const char *path, const struct tuff_log *log, struct tuff_folder *out_folder) {
    *out_folder = (struct tuff_folder){ 0 };
    const tuff_status status = open_all(path, log, out_folder);
    if (status != TUFF_OK)
        tuff_folder_close(out_folder);
    return status;
}

void tuff_folder_close(struct tuff_folder *folder) {
    tuff_parameters_free(&folder->parameters);
    tuff_tensors_close(&folder->tensors);
    tuff_config_free(&folder->config);
    tuff_sentence_free(&folder->sentence);
    tuff_free(folder->path);
    *folder = (struct tuff_folder){ 0 };
}
