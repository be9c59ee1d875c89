/* SPDX-License-Identifier: Apache-2.0 */
#include "task/export_sentence.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

enum { TEXT_SIZE = 1024 };

static const char modules[] = "[\n"
                              "  {\"idx\": 0, \"name\": \"0\", \"path\": \"\", \"type\": "
                              "\"sentence_transformers.models.Transformer\"},\n"
                              "  {\"idx\": 1, \"name\": \"1\", \"path\": \"1_Pooling\", \"type\": "
                              "\"sentence_transformers.models.Pooling\"},\n"
                              "  {\"idx\": 2, \"name\": \"2\", \"path\": \"2_Normalize\", \"type\": "
                              "\"sentence_transformers.models.Normalize\"}\n"
                              "]\n";

static tuff_status write_text(const char *folder, const char *name, const char *text) {
    char *path = NULL;
    TUFF_TRY(tuff_path_join(folder, name, &path));
    tuff_status status = tuff_file_replace(path, text, strlen(text));
    tuff_free(path);
    return status;
}

static tuff_status write_pooling(const char *folder, enum tuff_pool_kind pool, uint32_t size) {
    char text[TEXT_SIZE];
    char *path = NULL;
    snprintf(text, sizeof text,
             "{\n  \"word_embedding_dimension\": %u,\n  \"pooling_mode_cls_token\": %s,\n"
             "  \"pooling_mode_mean_tokens\": %s,\n  \"pooling_mode_max_tokens\": %s,\n"
             "  \"pooling_mode_mean_sqrt_len_tokens\": false\n}\n",
             size, pool == TUFF_POOL_CLS ? "true" : "false", pool == TUFF_POOL_MEAN ? "true" : "false",
             pool == TUFF_POOL_MAX ? "true" : "false");
    TUFF_TRY(tuff_path_join(folder, "1_Pooling", &path));
    tuff_status status = tuff_file_make_folders(path);
    if (status == TUFF_OK)
        status = write_text(path, "config.json", text);
    tuff_free(path);
    return status;
}

tuff_status tuff_sentence_export(const char *folder, enum tuff_pool_kind pool, uint32_t size,
                                 uint32_t max_length) {
    char text[TEXT_SIZE];
    snprintf(text, sizeof text, "{\n  \"max_seq_length\": %u,\n  \"do_lower_case\": false\n}\n", max_length);
    TUFF_TRY(write_text(folder, "modules.json", modules));
    TUFF_TRY(write_text(folder, "sentence_bert_config.json", text));
    return write_pooling(folder, pool, size);
}
