/* SPDX-License-Identifier: Apache-2.0 */
#include "task/export_config.h"

#include <stdio.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

enum { CONFIG_LIMIT = 64 << 20 };

static bool set_labels(json_t *root, const struct tuff_config *config) {
    json_t *names = json_object();
    json_t *ids = json_object();
    bool is_set = names && ids;
    for (uint32_t i = 0; i < config->num_labels && is_set; i++) {
        char key[16];
        snprintf(key, sizeof key, "%u", i);
        is_set = json_object_set_new(names, key, json_string(config->labels[i])) == 0 &&
                 json_object_set_new(ids, config->labels[i], json_integer(i)) == 0;
    }
    is_set = json_object_set_new(root, "id2label", names) == 0 && is_set;
    is_set = json_object_set_new(root, "label2id", ids) == 0 && is_set;
    if (json_object_get(root, "num_labels"))
        is_set = json_object_set_new(root, "num_labels", json_integer(config->num_labels)) == 0 && is_set;
    return is_set;
}

static bool set_type(json_t *root) {
    static const char *const keys[] = { "dtype", "torch_dtype" };
    bool is_set = true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(root, keys[i]))
            is_set = json_object_set_new(root, keys[i], json_string("float32")) == 0 && is_set;
    return is_set;
}

static bool change(json_t *root, const struct tuff_config *config) {
    static const char *const problems[] = { [TUFF_PROBLEM_UNSET] = NULL,
                                            [TUFF_PROBLEM_REGRESSION] = "regression",
                                            [TUFF_PROBLEM_SINGLE_LABEL] = "single_label_classification",
                                            [TUFF_PROBLEM_MULTI_LABEL] = "multi_label_classification" };
    const char *problem = problems[config->problem_type];
    json_t *architectures = json_array();
    bool is_set =
        architectures && json_array_append_new(architectures, json_string(config->architecture)) == 0;
    is_set = json_object_set_new(root, "architectures", architectures) == 0 && is_set;
    if (config->heads & (TUFF_HEAD_SEQUENCE_CLASSIFICATION | TUFF_HEAD_TOKEN_CLASSIFICATION))
        is_set = set_labels(root, config) && is_set;
    if (problem)
        is_set = json_object_set_new(root, "problem_type", json_string(problem)) == 0 && is_set;
    else
        json_object_del(root, "problem_type");
    return set_type(root) && is_set;
}

tuff_status tuff_export_json(const json_t *root, const char *path) {
    const size_t flags = JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(15);
    char *text = NULL;
    size_t size = json_dumpb(root, NULL, 0, flags);
    TUFF_TRY(tuff_alloc(size + 1, 1, &text));
    json_dumpb(root, text, size, flags);
    text[size] = '\n';
    tuff_status status = tuff_file_replace(path, text, size + 1);
    tuff_free(text);
    return status;
}

tuff_status tuff_config_export(const struct tuff_folder *folder, const char *to) {
    struct tuff_json root = { 0 };
    char *source = NULL;
    char *target = NULL;
    tuff_status status = tuff_path_join(folder->path, "config.json", &source);
    if (status == TUFF_OK)
        status = tuff_path_join(to, "config.json", &target);
    if (status == TUFF_OK)
        status = tuff_json_load(source, CONFIG_LIMIT, 0, &root);
    if (status == TUFF_OK && !change(root.value, &folder->config))
        status = tuff_fail(TUFF_HOST_MEMORY, "%s: there is no memory to write it", target);
    if (status == TUFF_OK)
        status = tuff_export_json(root.value, target);
    tuff_json_free(&root);
    tuff_free(source);
    tuff_free(target);
    return status;
}
