/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/decisions.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

enum { FILE_LIMIT = 1 << 20, FORM = 1 }; /* thousands of choices, which are searched one by one */

struct tuff_decisions {
    struct tuff_device *device;
    struct tuff_mutex lock; /* of the items */
    struct tuff_decision *items;
    size_t count;
    size_t capacity;
    char *folder; /* NULL: nothing is kept */
    char *path;
};

/* ---------------------------------------------------------------- the table */

static struct tuff_decision *find(struct tuff_decisions *decisions, const uint32_t key[TUFF_DECISION_KEY]) {
    for (size_t i = 0; i < decisions->count; i++)
        if (memcmp(decisions->items[i].key, key, sizeof decisions->items[i].key) == 0)
            return &decisions->items[i];
    return NULL;
}

bool tuff_decisions_find(struct tuff_decisions *decisions, const uint32_t key[TUFF_DECISION_KEY],
                         struct tuff_decision *out_decision) {
    tuff_mutex_lock(&decisions->lock);
    const struct tuff_decision *found = find(decisions, key);
    if (found)
        *out_decision = *found;
    tuff_mutex_unlock(&decisions->lock);
    return found != NULL;
}

static tuff_status put(struct tuff_decisions *decisions, const struct tuff_decision *decision) {
    struct tuff_decision *place = find(decisions, decision->key);
    if (!place) {
        TUFF_TRY(tuff_reserve(&decisions->items, &decisions->capacity, decisions->count + 1,
                              sizeof *decisions->items));
        place = &decisions->items[decisions->count++];
    }
    *place = *decision;
    return TUFF_OK;
}

tuff_status tuff_decisions_put(struct tuff_decisions *decisions, const struct tuff_decision *decision) {
    tuff_mutex_lock(&decisions->lock);
    tuff_status status = put(decisions, decision);
    tuff_mutex_unlock(&decisions->lock);
    return status;
}

tuff_status tuff_decisions_copy(struct tuff_decisions *decisions, struct tuff_decision **out_items,
                                size_t *out_count) {
    tuff_mutex_lock(&decisions->lock);
    tuff_status status = tuff_alloc(decisions->count, sizeof **out_items, out_items);
    *out_count = status == TUFF_OK ? decisions->count : 0;
    if (*out_count)
        memcpy(*out_items, decisions->items, *out_count * sizeof **out_items);
    tuff_mutex_unlock(&decisions->lock);
    return status;
}

tuff_status tuff_decisions_replace(struct tuff_decisions *decisions, const struct tuff_decision *items,
                                   size_t count) {
    tuff_status status = TUFF_OK;
    tuff_mutex_lock(&decisions->lock);
    decisions->count = 0;
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = put(decisions, &items[i]);
    tuff_mutex_unlock(&decisions->lock);
    return status;
}

/* ---------------------------------------------------------------- JSON */

static json_t *numbers_to_json(const uint32_t *numbers, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(numbers[i]));
    return list;
}

static json_t *to_json(const struct tuff_decisions *decisions) {
    const tuff_device_info *info = &decisions->device->info;
    json_t *list = json_array();
    for (size_t i = 0; i < decisions->count; i++) {
        const struct tuff_decision *decision = &decisions->items[i];
        json_array_append_new(list, json_pack("{s:o, s:o, s:f}", "key",
                                              numbers_to_json(decision->key, TUFF_DECISION_KEY), "value",
                                              numbers_to_json(decision->value, TUFF_DECISION_VALUE), "ms",
                                              decision->ms));
    }
    return json_pack("{s:i, s:s%, s:s%, s:I, s:I, s:o}", "tuff_tuning", (int)FORM, "device", info->name,
                     strlen(info->name), "driver", info->driver, strlen(info->driver), "vendor_id",
                     (json_int_t)info->vendor_id, "device_id", (json_int_t)info->device_id, "choices", list);
}

tuff_status tuff_decisions_write(struct tuff_decisions *decisions, const char *path) {
    char *text = NULL;
    tuff_mutex_lock(&decisions->lock);
    json_t *root = to_json(decisions);
    tuff_mutex_unlock(&decisions->lock);
    size_t size = root ? json_dumpb(root, NULL, 0, JSON_INDENT(1)) : 0;
    tuff_status status = size ? tuff_alloc(size + 1, 1, &text)
                              : tuff_fail(TUFF_HOST_MEMORY, "the tuning could not be put into words");
    if (status == TUFF_OK) {
        json_dumpb(root, text, size, JSON_INDENT(1));
        text[size] = '\n';
        status = tuff_file_replace(path, text, size + 1);
    }
    json_decref(root);
    tuff_free(text);
    return status;
}

static tuff_status read_numbers(const struct tuff_json *object, const char *key, uint32_t *numbers,
                                size_t count) {
    struct tuff_json list;
    TUFF_TRY(tuff_json_array(object, key, &list));
    if (tuff_json_count(&list) != count)
        return tuff_json_fail(&list, "expected %zu numbers", count);
    for (size_t i = 0; i < count; i++) {
        const struct tuff_json item = tuff_json_item(&list, i);
        int64_t number = 0;
        TUFF_TRY(tuff_json_as_integer(&item, &number));
        if (number < 0 || number > UINT32_MAX)
            return tuff_json_fail(&item, "expected a number of 32 bits");
        numbers[i] = (uint32_t)number;
    }
    return TUFF_OK;
}

static tuff_status check_device(const struct tuff_decisions *decisions, const struct tuff_json *root) {
    const tuff_device_info *info = &decisions->device->info;
    int64_t form = 0, vendor = 0, device = 0;
    const char *name = NULL;
    TUFF_TRY(tuff_json_integer(root, "tuff_tuning", &form));
    TUFF_TRY(tuff_json_integer(root, "vendor_id", &vendor));
    TUFF_TRY(tuff_json_integer(root, "device_id", &device));
    TUFF_TRY(tuff_json_string(root, "device", &name));
    if (form != FORM)
        return tuff_json_fail(root, "has form %lld, expected %d", (long long)form, (int)FORM);
    if (vendor != info->vendor_id || device != info->device_id)
        return tuff_fail(TUFF_ARGUMENT, "%s: was measured on %s, not on %s", root->name, name, info->name);
    return TUFF_OK;
}

static tuff_status read_all(struct tuff_decisions *decisions, const struct tuff_json *root) {
    struct tuff_decision *items = NULL;
    struct tuff_json list;
    TUFF_TRY(check_device(decisions, root));
    TUFF_TRY(tuff_json_array(root, "choices", &list));
    const size_t count = tuff_json_count(&list);
    TUFF_TRY(tuff_alloc(count, sizeof *items, &items));
    tuff_status status = TUFF_OK;
    for (size_t i = 0; i < count && status == TUFF_OK; i++) {
        const struct tuff_json item = tuff_json_item(&list, i);
        status = read_numbers(&item, "key", items[i].key, TUFF_DECISION_KEY);
        if (status == TUFF_OK)
            status = read_numbers(&item, "value", items[i].value, TUFF_DECISION_VALUE);
        if (status == TUFF_OK)
            status = tuff_json_number(&item, "ms", &items[i].ms);
    }
    if (status == TUFF_OK)
        status = tuff_decisions_replace(decisions, items, count);
    tuff_free(items);
    return status;
}

tuff_status tuff_decisions_read(struct tuff_decisions *decisions, const char *path) {
    struct tuff_json root = { 0 };
    TUFF_TRY(tuff_json_load(path, FILE_LIMIT, 0, &root));
    tuff_status status = read_all(decisions, &root);
    tuff_json_free(&root);
    return status;
}

/* ---------------------------------------------------------------- the cache folder */

/* "FOLDER/tuning-DEVICE-DRIVER-VERSION.json" */
static tuff_status find_path(struct tuff_decisions *decisions, const char *folder) {
    const tuff_device_info *info = &decisions->device->info;
    char *name = NULL;
    TUFF_TRY(tuff_copy_text(folder, strlen(folder), &decisions->folder));
    TUFF_TRY(
        tuff_format(&name, "tuning-%s-%s-%08x.json", info->uuid, info->driver_uuid, info->driver_version));
    tuff_status status = tuff_path_join(folder, name, &decisions->path);
    tuff_free(name);
    return status;
}

static void load(struct tuff_decisions *decisions) {
    const struct tuff_log *log = &decisions->device->log;
    if (!tuff_file_exists(decisions->path))
        return;
    if (tuff_decisions_read(decisions, decisions->path) == TUFF_OK)
        tuff_log_write(log, TUFF_LOG_INFO, "%s: %zu choices that were measured", decisions->path,
                       decisions->count);
    else
        tuff_log_write(log, TUFF_LOG_WARNING, "%s; it is ignored, `tuff tune` writes it anew",
                       tuff_error_message());
}

tuff_status tuff_decisions_open(struct tuff_device *device, const char *cache_folder,
                                struct tuff_decisions **out_decisions) {
    struct tuff_decisions *decisions = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *decisions, &decisions));
    tuff_status status = tuff_mutex_init(&decisions->lock);
    if (status != TUFF_OK) {
        tuff_free(decisions);
        return status;
    }
    decisions->device = device;
    *out_decisions = decisions; /* the device closes it from here on */
    if (!cache_folder)
        return TUFF_OK;
    TUFF_TRY(find_path(decisions, cache_folder));
    load(decisions);
    return TUFF_OK;
}

void tuff_decisions_close(struct tuff_decisions *decisions) {
    if (!decisions)
        return;
    tuff_mutex_destroy(&decisions->lock);
    tuff_free(decisions->items);
    tuff_free(decisions->folder);
    tuff_free(decisions->path);
    tuff_free(decisions);
}

tuff_status tuff_decisions_save(struct tuff_decisions *decisions) {
    if (!decisions->path)
        return TUFF_OK;
    TUFF_TRY(tuff_file_make_folders(decisions->folder));
    return tuff_decisions_write(decisions, decisions->path);
}
