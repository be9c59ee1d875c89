/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

static const char weights_name[] = "model.safetensors";
static const char index_name[] = "model.safetensors.index.json";
enum { MAX_INDEX = 64 << 20 };

/* ---------------------------------------------------------------- the set */

static int compare_names(const void *left, const void *right) {
    const struct tuff_tensor_view *const *a = left;
    const struct tuff_tensor_view *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

size_t tuff_tensors_find(const struct tuff_tensors *tensors, const char *name) {
    const struct tuff_tensor_view view = { .name = name };
    const struct tuff_tensor_view *key = &view;
    const struct tuff_tensor_view **found =
        bsearch(&key, tensors->views, tensors->count, sizeof *tensors->views, compare_names);
    return found ? (size_t)(found - tensors->views) : tensors->count;
}

static tuff_status open_single(const char *path, struct tuff_tensors *tensors) {
    TUFF_TRY(tuff_copy_text(path, strlen(path), &tensors->source));
    TUFF_TRY(tuff_alloc(1, sizeof *tensors->files, &tensors->files));
    TUFF_TRY(tuff_safetensors_open(path, &tensors->files[0]));
    tensors->file_count = 1;
    const struct tuff_safetensors *file = tensors->files[0];
    TUFF_TRY(tuff_alloc(file->count, sizeof *tensors->views, &tensors->views));
    for (size_t i = 0; i < file->count; i++)
        tensors->views[i] = &file->views[i];
    tensors->count = file->count;
    return TUFF_OK;
}

/* ---------------------------------------------------------------- shards */

/* A line of the index: this tensor is in that shard. */
struct place {
    const char *tensor;
    const char *shard;
    const struct tuff_json *map;
};

static int compare_places(const void *left, const void *right) {
    return strcmp(((const struct place *)left)->shard, ((const struct place *)right)->shard);
}

/* A shard lies in the folder itself: its name is no path. */
static tuff_status check_shard_name(const struct tuff_json *entry, const char *name) {
    if (name[0] == '\0' || name[0] == '.' || strpbrk(name, "/\\:"))
        return tuff_json_fail(entry, "\"%s\" is no file name; a shard lies beside its index", name);
    return TUFF_OK;
}

static tuff_status read_places(const struct tuff_json *map, struct place *places) {
    const char *key = NULL;
    json_t *value = NULL;
    size_t count = 0;
    json_object_foreach(map->value, key, value) {
        const struct tuff_json entry = { .value = value, .parent = map, .name = key };
        struct place *place = &places[count++];
        *place = (struct place){ .tensor = key, .map = map };
        TUFF_TRY(tuff_json_as_string(&entry, &place->shard));
        TUFF_TRY(check_shard_name(&entry, place->shard));
    }
    qsort(places, count, sizeof *places, compare_places);
    return TUFF_OK;
}

static tuff_status open_shard(const char *folder, const char *name, struct tuff_safetensors **out_file) {
    char *path = NULL;
    TUFF_TRY(tuff_path_join(folder, name, &path));
    const tuff_status status = tuff_safetensors_open(path, out_file);
    tuff_free(path);
    return status;
}

static int compare_with_view(const void *name, const void *view) {
    return strcmp(name, ((const struct tuff_tensor_view *)view)->name);
}

/* Opens each shard once, in the order of the sorted places, and takes from it what the index says it has. */
static tuff_status open_places(const char *folder, const struct place *places, size_t count,
                               struct tuff_tensors *tensors) {
    size_t shard_count = 0;
    for (size_t i = 0; i < count; i++)
        shard_count += i == 0 || strcmp(places[i].shard, places[i - 1].shard) != 0;
    TUFF_TRY(tuff_alloc(shard_count, sizeof *tensors->files, &tensors->files));
    TUFF_TRY(tuff_alloc(count, sizeof *tensors->views, &tensors->views));
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(places[i].shard, places[i - 1].shard) != 0) {
            TUFF_TRY(open_shard(folder, places[i].shard, &tensors->files[tensors->file_count]));
            tensors->file_count++;
        }
        const struct tuff_safetensors *file = tensors->files[tensors->file_count - 1];
        const struct tuff_tensor_view *view =
            bsearch(places[i].tensor, file->views, file->count, sizeof *file->views, compare_with_view);
        if (!view)
            return tuff_json_fail(&(struct tuff_json){ .parent = places[i].map, .name = places[i].tensor },
                                  "is not in %s", places[i].shard);
        tensors->views[tensors->count++] = view;
    }
    qsort(tensors->views, tensors->count, sizeof *tensors->views, compare_names);
    return TUFF_OK;
}

static tuff_status open_sharded(const char *folder, const char *path, struct tuff_tensors *tensors) {
    struct tuff_json root = { 0 };
    struct tuff_json map;
    struct place *places = NULL;
    tuff_status status = tuff_copy_text(path, strlen(path), &tensors->source);
    TUFF_TRY_GOTO(status);
    TUFF_TRY_GOTO(tuff_json_load(path, MAX_INDEX, TUFF_JSON_UNIQUE_KEYS, &root));
    TUFF_TRY_GOTO(tuff_json_object(&root, "weight_map", &map));
    TUFF_TRY_GOTO(tuff_alloc(tuff_json_count(&map), sizeof *places, &places));
    TUFF_TRY_GOTO(read_places(&map, places));
    status = open_places(folder, places, tuff_json_count(&map), tensors);
done:
    tuff_free(places);
    tuff_json_free(&root);
    return status;
}

/* ---------------------------------------------------------------- the folder */

static tuff_status exists_in(const char *folder, const char *name, bool *out_exists) {
    char *path = NULL;
    TUFF_TRY(tuff_path_join(folder, name, &path));
    *out_exists = tuff_file_exists(path);
    tuff_free(path);
    return TUFF_OK;
}

/* Says what the folder has in place of safetensors. */
static tuff_status refuse(const char *folder) {
    static const struct {
        const char *name;
        const char *kind;
    } others[] = {
        { "pytorch_model.bin", "a pickle, which can run any code when it is read" },
        { "pytorch_model.bin.index.json", "pickles, which can run any code when they are read" },
        { "tf_model.h5", "TensorFlow's format" },
        { "model.ckpt.index", "TensorFlow's format" },
        { "bert_model.ckpt.index", "TensorFlow's format" },
        { "flax_model.msgpack", "Flax's format" },
        { "adapter_model.safetensors", "an adapter without its base model" },
        { "model.onnx", "ONNX" },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        bool exists = false;
        TUFF_TRY(exists_in(folder, others[i].name, &exists));
        if (exists)
            return tuff_fail(
                TUFF_UNSUPPORTED,
                "%s: the weights are in %s (%s); tuff needs model.safetensors: take a version of the model "
                "that has it, or convert it once with transformers' save_pretrained",
                folder, others[i].name, others[i].kind);
    }
    return tuff_fail(TUFF_IO, "%s: has neither %s nor %s", folder, weights_name, index_name);
}

static tuff_status open_any(const char *folder, struct tuff_tensors *tensors) {
    static const char *const names[] = { weights_name, index_name };
    for (size_t i = 0; i < 2; i++) {
        char *path = NULL;
        TUFF_TRY(tuff_path_join(folder, names[i], &path));
        const bool exists = tuff_file_exists(path);
        tuff_status status = TUFF_OK;
        if (exists)
            status = i == 0 ? open_single(path, tensors) : open_sharded(folder, path, tensors);
        tuff_free(path);
        if (exists)
            return status;
    }
    return refuse(folder);
}

tuff_status tuff_tensors_open(const char *folder, struct tuff_tensors *out_tensors) {
    *out_tensors = (struct tuff_tensors){ 0 };
    const tuff_status status = open_any(folder, out_tensors);
    if (status != TUFF_OK)
        tuff_tensors_close(out_tensors);
    return status;
}

void tuff_tensors_close(struct tuff_tensors *tensors) {
    for (size_t i = 0; i < tensors->file_count; i++)
        tuff_safetensors_close(tensors->files[i]);
    tuff_free(tensors->files);
    tuff_free(tensors->views);
    tuff_free(tensors->source);
    *tensors = (struct tuff_tensors){ 0 };
}
