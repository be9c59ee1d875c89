/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sentence.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

enum { MAX_FILE = 1 << 20, MAX_TOKENS = 1 << 20 };

/* Loads folder/name; *out_exists is false where there is no such file. */
static tuff_status load_optional(const char *folder, const char *name, char **out_path,
                                 struct tuff_json *out_root) {
    *out_root = (struct tuff_json){ 0 };
    TUFF_TRY(tuff_path_join(folder, name, out_path));
    return tuff_file_exists(*out_path) ? tuff_json_load(*out_path, MAX_FILE, 0, out_root) : TUFF_OK;
}

/* A folder inside the model's: no way out of it. */
static bool stays_inside(const char *path) {
    if (path[0] == '/' || strpbrk(path, "\\:"))
        return false;
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return false;
    }
    return true;
}

static tuff_status refuse(struct tuff_sentence *sentence, const char *path, const char *what) {
    if (sentence->refusal)
        return TUFF_OK;
    return tuff_format(&sentence->refusal, "%s: %s, which tuff does not have; its embeddings would differ",
                       path, what);
}

/* ---------------------------------------------------------------- pooling */

static const struct mode {
    const char *key;           /* in 1_Pooling/config.json */
    const char *name;          /* as pooling_mode */
    enum tuff_pooling pooling; /* AUTO: unknown to tuff */
} modes[] = {
    { "pooling_mode_cls_token", "cls", TUFF_POOLING_CLS },
    { "pooling_mode_max_tokens", "max", TUFF_POOLING_MAX },
    { "pooling_mode_mean_tokens", "mean", TUFF_POOLING_MEAN },
    { "pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", TUFF_POOLING_AUTO },
    { "pooling_mode_weightedmean_tokens", "weightedmean", TUFF_POOLING_AUTO },
    { "pooling_mode_lasttoken", "lasttoken", TUFF_POOLING_AUTO },
};
enum { MODE_COUNT = sizeof modes / sizeof *modes };

/* Which modes are on, and how many. sentence-transformers takes the mean where nothing is said about it. */
static tuff_status read_modes(const struct tuff_json *root, bool is_on[MODE_COUNT], size_t *out_count) {
    const char *name = NULL;
    *out_count = 0;
    TUFF_TRY(tuff_json_optional_string(root, "pooling_mode", &name));
    for (size_t i = 0; i < MODE_COUNT; i++) {
        is_on[i] = modes[i].pooling == TUFF_POOLING_MEAN;
        TUFF_TRY(tuff_json_optional_boolean(root, modes[i].key, &is_on[i]));
        if (name)
            is_on[i] = strcmp(name, modes[i].name) == 0;
        *out_count += is_on[i];
    }
    return TUFF_OK;
}

static tuff_status read_pooling(const struct tuff_json *root, struct tuff_sentence *sentence) {
    bool is_on[MODE_COUNT];
    size_t count = 0;
    int64_t size = 0;
    TUFF_TRY(tuff_json_optional_integer(root, "word_embedding_dimension", &size));
    TUFF_TRY(read_modes(root, is_on, &count));
    if (size < 0 || size > UINT32_MAX)
        return tuff_json_fail(root, "word_embedding_dimension is %lld", (long long)size);
    sentence->embedding_size = (uint32_t)size;
    if (count != 1)
        return refuse(sentence, root->name,
                      count == 0 ? "no pooling mode that is known" : "several pooling modes");
    for (size_t i = 0; i < MODE_COUNT; i++) {
        if (is_on[i] && modes[i].pooling == TUFF_POOLING_AUTO)
            return refuse(sentence, root->name, modes[i].key);
        if (is_on[i])
            sentence->pooling = modes[i].pooling;
    }
    return TUFF_OK;
}

static tuff_status load_pooling(const char *folder, const char *module, struct tuff_sentence *sentence) {
    char *inside = NULL;
    char *path = NULL;
    struct tuff_json root = { 0 };
    tuff_status status = tuff_path_join(module, "config.json", &inside);
    TUFF_TRY_GOTO(status);
    TUFF_TRY_GOTO(load_optional(folder, inside, &path, &root));
    if (!root.value)
        status = tuff_fail(TUFF_IO, "%s: is missing; modules.json names it", path);
    else if (!json_is_object(root.value))
        status = tuff_json_fail(&root, "expected an object");
    else
        status = read_pooling(&root, sentence);
done:
    tuff_json_free(&root);
    tuff_free(path);
    tuff_free(inside);
    return status;
}

/* ---------------------------------------------------------------- modules */

/* The class behind the last dot: "sentence_transformers.models.Pooling". */
static const char *class_of(const char *type) {
    const char *dot = strrchr(type, '.');
    return dot ? dot + 1 : type;
}

static tuff_status read_module(const char *folder, const struct tuff_json *module, size_t index,
                               struct tuff_sentence *sentence) {
    const char *type = NULL;
    const char *path = NULL;
    TUFF_TRY(tuff_json_string(module, "type", &type));
    TUFF_TRY(tuff_json_string(module, "path", &path));
    const char *class = class_of(type);
    if (!stays_inside(path))
        return tuff_json_fail(module, "\"%s\" leaves the model's folder", path);
    if (index == 0) {
        if (strcmp(class, "Transformer") != 0 && strcmp(class, "BERT") != 0)
            TUFF_TRY(refuse(sentence, folder, type));
        return tuff_copy_text(path, strlen(path), &sentence->transformer);
    }
    if (strcmp(class, "Pooling") == 0)
        return load_pooling(folder, path, sentence);
    if (strcmp(class, "Normalize") == 0)
        sentence->normalize = true;
    else if (strcmp(class, "Dropout") != 0)
        return refuse(sentence, folder, type);
    return TUFF_OK;
}

static tuff_status load_modules(const char *folder, struct tuff_sentence *sentence) {
    char *path = NULL;
    struct tuff_json root = { 0 };
    tuff_status status = load_optional(folder, "modules.json", &path, &root);
    TUFF_TRY_GOTO(status);
    if (root.value && (!json_is_array(root.value) || tuff_json_count(&root) == 0)) {
        status = tuff_json_fail(&root, "expected a list of modules");
        goto done;
    }
    for (size_t i = 0; i < tuff_json_count(&root); i++) {
        const struct tuff_json module = tuff_json_item(&root, i);
        TUFF_TRY_GOTO(read_module(folder, &module, i, sentence));
    }
done:
    tuff_json_free(&root);
    tuff_free(path);
    return status;
}

/* ---------------------------------------------------------------- the other files */

static tuff_status read_limits(const struct tuff_json *root, struct tuff_sentence *sentence) {
    int64_t length = 0;
    struct tuff_json member;
    TUFF_TRY(tuff_json_optional_integer(root, "max_seq_length", &length));
    TUFF_TRY(tuff_json_optional_boolean(root, "do_lower_case", &sentence->lower_case));
    if (tuff_json_find(root, "max_seq_length", &member) && (length < 1 || length > MAX_TOKENS))
        return tuff_json_fail(&member, "%lld is out of range (1 to %d)", (long long)length, MAX_TOKENS);
    sentence->max_length = (uint32_t)length;
    return TUFF_OK;
}

static tuff_status load_limits(const char *folder, struct tuff_sentence *sentence) {
    char *path = NULL;
    struct tuff_json root = { 0 };
    tuff_status status = load_optional(folder, "sentence_bert_config.json", &path, &root);
    if (status == TUFF_OK && root.value)
        status = json_is_object(root.value) ? read_limits(&root, sentence)
                                            : tuff_json_fail(&root, "expected an object");
    tuff_json_free(&root);
    tuff_free(path);
    return status;
}

/* sentence-transformers puts a default prompt before each text. */
static tuff_status check_prompt(const char *folder, const struct tuff_log *log) {
    char *path = NULL;
    const char *prompt = NULL;
    struct tuff_json root = { 0 };
    tuff_status status = load_optional(folder, "config_sentence_transformers.json", &path, &root);
    if (status == TUFF_OK)
        status = tuff_json_optional_string(&root, "default_prompt_name", &prompt);
    if (status == TUFF_OK && prompt)
        tuff_log_write(log, TUFF_LOG_WARNING, "%s: the prompt %s is not put before texts; add it to them",
                       path, prompt);
    tuff_json_free(&root);
    tuff_free(path);
    return status;
}

static tuff_status load_all(const char *folder, const struct tuff_log *log, struct tuff_sentence *sentence) {
    TUFF_TRY(load_modules(folder, sentence));
    if (!sentence->transformer)
        TUFF_TRY(tuff_copy_text("", 0, &sentence->transformer));
    TUFF_TRY(check_prompt(folder, log));
    char *inside = NULL;
    TUFF_TRY(tuff_path_join(folder, sentence->transformer, &inside));
    const tuff_status status = load_limits(inside, sentence);
    tuff_free(inside);
    return status;
}

tuff_status tuff_sentence_load(const char *folder, const struct tuff_log *log,
                               struct tuff_sentence *out_sentence) {
    *out_sentence = (struct tuff_sentence){ .pooling = TUFF_POOLING_MEAN };
    const tuff_status status = load_all(folder, log, out_sentence);
    if (status != TUFF_OK)
        tuff_sentence_free(out_sentence);
    return status;
}

void tuff_sentence_free(struct tuff_sentence *sentence) {
    tuff_free(sentence->transformer);
    tuff_free(sentence->refusal);
    *sentence = (struct tuff_sentence){ 0 };
}
