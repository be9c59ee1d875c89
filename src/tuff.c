/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of models: check arguments, take the model's lock, call one function below. */
#include <string.h>

#include "base/memory.h"
#include "vk/context.h"
#include "ops/checks.h"
#include "task/embed.h"
#include "task/forward.h"
#include "task/model.h"

/* Copies what the caller's struct has of ours over the defaults in `to`: an older header's struct is shorter.
 */
static void copy_options(void *to, size_t size, const void *from) {
    size_t given = 0;
    if (!from)
        return;
    memcpy(&given, from, sizeof given);
    memcpy(to, from, given < size ? given : size);
    memcpy(to, &size, sizeof size);
}

/* NULL: the C library's. */
static const struct tuff_allocator *allocator_of(const tuff_context *context) {
    return context->allocator.allocate ? &context->allocator : NULL;
}

/* Brackets a call into a model: its allocator serves the thread, its lock is held. */
static const struct tuff_allocator *enter(struct tuff_model *model) {
    const struct tuff_allocator *before = tuff_memory_use(model->allocator);
    tuff_mutex_lock(&model->lock);
    return before;
}

static void leave(struct tuff_model *model, const struct tuff_allocator *before) {
    tuff_mutex_unlock(&model->lock);
    tuff_memory_use(before);
}

tuff_status tuff_model_open(tuff_context *context, const char *path, const tuff_model_options *options,
                            tuff_model **out_model) {
    tuff_model_options own = TUFF_MODEL_OPTIONS;
    if (!context || !path || !out_model)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_model_open: a context, a path and a place for the model are needed");
    copy_options(&own, sizeof own, options);
    const struct tuff_allocator *allocator = allocator_of(context);
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    tuff_status status = tuff_model_load(context->device, allocator, path, own.dtype, out_model);
    tuff_memory_use(before);
    return status;
}

void tuff_model_close(tuff_model *model) {
    tuff_model_free(model);
}

void tuff_model_get_info(const tuff_model *model, tuff_model_info *out_info) {
    tuff_model_describe(model, out_info);
}

const tuff_tokenizer *tuff_model_tokenizer(const tuff_model *model) {
    return model->tokenizer;
}

tuff_status tuff_embed(tuff_model *model, const tuff_text *texts, size_t count,
                       const tuff_embed_options *options, float *out_vectors, tuff_embed_report *out_report) {
    tuff_embed_options own = TUFF_EMBED_OPTIONS;
    tuff_embed_report report = { 0 };
    if (!model || (count > 0 && (!texts || !out_vectors)))
        return tuff_fail(TUFF_ARGUMENT, "tuff_embed: a model, texts and a place for the vectors are needed");
    copy_options(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_embed(model, texts, count, &own, out_vectors, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_forward(tuff_model *model, const tuff_arrays *inputs, const tuff_forward_options *options,
                         tuff_arrays **out_outputs) {
    tuff_forward_options own = TUFF_FORWARD_OPTIONS;
    if (!model || !inputs || !out_outputs)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_forward: a model, inputs and a place for the outputs are needed");
    copy_options(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_forward(model, inputs, &own, out_outputs);
    leave(model, before);
    return status;
}

tuff_status tuff_check(tuff_context *context, void (*row)(void *user, const tuff_check_row *row), void *user,
                       size_t *out_wrong) {
    if (!context || !row || !out_wrong)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_check: a context, a callback and a place for the count are needed");
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_check_device(context->device, row, user, out_wrong);
    tuff_memory_use(before);
    return status;
}

const char *tuff_version(void) {
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
    return TEXT(TUFF_VERSION_MAJOR) "." TEXT(TUFF_VERSION_MINOR) "." TEXT(TUFF_VERSION_PATCH);
#undef TEXT
#undef TEXT_OF
}
