/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry points of models: check arguments, take the model's lock, call one function below. */
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "vk/decisions.h"
#include "vk/context.h"
#include "ops/checks.h"
#include "task/answer.h"
#include "task/bench.h"
#include "ops/inventory.h"
#include "ops/measure.h"
#include "task/embed.h"
#include "task/embed_tokens.h"
#include "task/evaluate.h"
#include "task/finetune.h"
#include "task/fill_mask.h"
#include "task/forward.h"
#include "task/model.h"
#include "task/pretrain.h"
#include "task/score.h"
#include "task/tag.h"
#include "task/trainer.h"
#include "task/tune.h"
#include "task/vocabulary_corpus.h"

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
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *allocator = allocator_of(context);
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    tuff_status status = tuff_model_load(context->device, allocator, path, &own, out_model);
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
                       const tuff_embed_options *options, float *out_vectors, tuff_text_report *out_report) {
    tuff_embed_options own = TUFF_EMBED_OPTIONS;
    tuff_text_report report = { 0 };
    if (!model || (count > 0 && (!texts || !out_vectors)))
        return tuff_fail(TUFF_ARGUMENT, "tuff_embed: a model, texts and a place for the vectors are needed");
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_embed(model, texts, count, &own, out_vectors, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_embed_into(tuff_model *model, const tuff_text *texts, size_t count,
                            const tuff_embed_options *options, const tuff_vulkan_buffer *to,
                            tuff_text_report *out_report) {
    tuff_embed_options own = TUFF_EMBED_OPTIONS;
    tuff_vulkan_buffer buffer = TUFF_VULKAN_BUFFER;
    tuff_text_report report = { 0 };
    if (!model || !to || (count > 0 && !texts))
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_embed_into: a model, texts and a buffer for the vectors are needed");
    tuff_options_copy(&own, sizeof own, options);
    tuff_options_copy(&buffer, sizeof buffer, to);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_embed_into(model, texts, count, &own, &buffer, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

/* Copies of what the caller handed in, of whatever header. */
struct token_arguments {
    tuff_embed_options options;
    tuff_vulkan_tokens tokens;
    tuff_vulkan_buffer input_ids, token_type_ids, to;
};

static tuff_status read_token_arguments(const tuff_vulkan_tokens *tokens, const tuff_embed_options *options,
                                        struct token_arguments *out) {
    *out = (struct token_arguments){ TUFF_EMBED_OPTIONS, TUFF_VULKAN_TOKENS, TUFF_VULKAN_BUFFER,
                                     TUFF_VULKAN_BUFFER, TUFF_VULKAN_BUFFER };
    tuff_options_copy(&out->options, sizeof out->options, options);
    tuff_options_copy(&out->tokens, sizeof out->tokens, tokens);
    tuff_vulkan_tokens *own = &out->tokens;
    if (own->count > 0 && (!own->lengths || !own->input_ids))
        return tuff_fail(TUFF_ARGUMENT, "tuff_vulkan_tokens: lengths and a buffer of ids are needed");
    tuff_options_copy(&out->input_ids, sizeof out->input_ids, own->input_ids);
    tuff_options_copy(&out->token_type_ids, sizeof out->token_type_ids, own->token_type_ids);
    own->input_ids = own->input_ids ? &out->input_ids : NULL;
    own->token_type_ids = own->token_type_ids ? &out->token_type_ids : NULL;
    return TUFF_OK;
}

tuff_status tuff_embed_tokens(tuff_model *model, const tuff_vulkan_tokens *tokens,
                              const tuff_embed_options *options, float *out_vectors) {
    struct token_arguments own;
    if (!model || !tokens || (tokens->count > 0 && !out_vectors))
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_embed_tokens: a model, tokens and a place for the vectors are needed");
    TUFF_TRY(read_token_arguments(tokens, options, &own));
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_embed_tokens(model, &own.tokens, &own.options, out_vectors, NULL);
    leave(model, before);
    return status;
}

tuff_status tuff_embed_tokens_into(tuff_model *model, const tuff_vulkan_tokens *tokens,
                                   const tuff_embed_options *options, const tuff_vulkan_buffer *to) {
    struct token_arguments own;
    if (!model || !tokens || !to)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_embed_tokens_into: a model, tokens and a buffer for the vectors are needed");
    TUFF_TRY(read_token_arguments(tokens, options, &own));
    tuff_options_copy(&own.to, sizeof own.to, to);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_embed_tokens(model, &own.tokens, &own.options, NULL, &own.to);
    leave(model, before);
    return status;
}

size_t tuff_model_label_count(const tuff_model *model) {
    return model->folder.config.num_labels;
}

const char *tuff_model_label(const tuff_model *model, size_t index) {
    return index < model->folder.config.num_labels ? model->folder.config.labels[index] : NULL;
}

tuff_score_function tuff_model_score_function(const tuff_model *model) {
    return tuff_classifier_function(&model->folder.config);
}

/* What the calls that score begin with; `has_inputs`: pointers are there where something is counted. */
static tuff_status read_score_options(const char *call, const tuff_model *model, bool has_inputs,
                                      const tuff_score_options *options, tuff_score_options *out_options) {
    *out_options = (tuff_score_options)TUFF_SCORE_OPTIONS;
    if (!model || !has_inputs)
        return tuff_fail(TUFF_ARGUMENT, "%s: a model, texts and a place for the scores are needed", call);
    tuff_options_copy(out_options, sizeof *out_options, options);
    if ((int)out_options->function < TUFF_SCORES_AUTO || out_options->function > TUFF_SCORES_SOFTMAX)
        return tuff_fail(TUFF_ARGUMENT, "%s: there is no score function %d", call,
                         (int)out_options->function);
    return TUFF_OK;
}

tuff_status tuff_classify(tuff_model *model, const tuff_text *texts, const tuff_text *pairs, size_t count,
                          const tuff_score_options *options, float *out_scores,
                          tuff_text_report *out_report) {
    tuff_score_options own;
    tuff_text_report report = { 0 };
    TUFF_TRY(read_score_options("tuff_classify", model, count == 0 || (texts && out_scores), options, &own));
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_classify(model, texts, pairs, count, &own, out_scores, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_next_sentence(tuff_model *model, const tuff_text *texts, const tuff_text *nexts,
                               size_t count, const tuff_score_options *options, float *out_scores,
                               tuff_text_report *out_report) {
    tuff_score_options own;
    tuff_text_report report = { 0 };
    TUFF_TRY(read_score_options("tuff_next_sentence", model, count == 0 || (texts && nexts && out_scores),
                                options, &own));
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_next_sentence(model, texts, nexts, count, &own, out_scores, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_rank(tuff_model *model, tuff_text query, const tuff_text *passages, size_t count,
                      const tuff_score_options *options, float *out_scores, tuff_text_report *out_report) {
    tuff_score_options own;
    tuff_text_report report = { 0 };
    TUFF_TRY(read_score_options("tuff_rank", model, count == 0 || (passages && out_scores), options, &own));
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_rank(model, query, passages, count, &own, out_scores, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_choose(tuff_model *model, const tuff_choice *choices, size_t count,
                        const tuff_score_options *options, float *out_scores, tuff_text_report *out_report) {
    tuff_score_options own;
    tuff_text_report report = { 0 };
    TUFF_TRY(read_score_options("tuff_choose", model, count == 0 || choices, options, &own));
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_choose(model, choices, count, &own, out_scores, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_fill_mask(tuff_model *model, const tuff_text *texts, size_t count,
                           const tuff_fill_options *options, tuff_fills **out_fills,
                           tuff_text_report *out_report) {
    tuff_fill_options own = TUFF_FILL_OPTIONS;
    tuff_text_report report = { 0 };
    if (!model || !out_fills || (count > 0 && !texts))
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_fill_mask: a model, texts and a place for the words are needed");
    *out_fills = NULL;
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_fill_mask(model, texts, count, &own, out_fills, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_tag(tuff_model *model, const tuff_text *texts, size_t count, const tuff_tag_options *options,
                     tuff_entities **out_entities, tuff_text_report *out_report) {
    tuff_tag_options own = TUFF_TAG_OPTIONS;
    tuff_text_report report = { 0 };
    if (!model || !out_entities || (count > 0 && !texts))
        return tuff_fail(TUFF_ARGUMENT, "tuff_tag: a model, texts and a place for the entities are needed");
    *out_entities = NULL;
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_tag(model, texts, count, &own, out_entities, &report);
    leave(model, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_answer(tuff_model *model, const tuff_text *questions, const tuff_text *contexts,
                        size_t count, const tuff_answer_options *options, tuff_answers **out_answers,
                        tuff_text_report *out_report) {
    tuff_answer_options own = TUFF_ANSWER_OPTIONS;
    tuff_text_report report = { 0 };
    if (!model || !out_answers || (count > 0 && (!questions || !contexts)))
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_answer: a model, questions, contexts and a place for the answers are needed");
    *out_answers = NULL;
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_answer(model, questions, contexts, count, &own, out_answers, &report);
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
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *before = enter(model);
    tuff_status status = tuff_task_forward(model, inputs, &own, out_outputs);
    leave(model, before);
    return status;
}

/* ---------------------------------------------------------------- training */

/* A lost device has nothing left of a trainer until it is opened again. */
static tuff_status check_alive(struct tuff_device *device) {
    return tuff_device_result(device, device->is_lost ? VK_ERROR_DEVICE_LOST : VK_SUCCESS, "the trainer");
}

static const struct tuff_allocator *enter_trainer(struct tuff_trainer *trainer) {
    const struct tuff_allocator *before = tuff_memory_use(trainer->allocator);
    tuff_mutex_lock(&trainer->lock);
    return before;
}

static void leave_trainer(struct tuff_trainer *trainer, const struct tuff_allocator *before) {
    tuff_mutex_unlock(&trainer->lock);
    tuff_memory_use(before);
}

tuff_status tuff_trainer_open(tuff_context *context, const char *path, const tuff_trainer_options *options,
                              tuff_trainer **out_trainer) {
    tuff_trainer_options own = TUFF_TRAINER_OPTIONS;
    if (!context || !path || !out_trainer)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_trainer_open: a context, a path and a place for the trainer are needed");
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *allocator = allocator_of(context);
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    tuff_status status = tuff_trainer_load(context->device, allocator, path, &own, NULL, out_trainer);
    tuff_memory_use(before);
    return status;
}

void tuff_trainer_close(tuff_trainer *trainer) {
    tuff_trainer_free(trainer);
}

tuff_status tuff_trainer_gradients(tuff_trainer *trainer, const tuff_arrays *inputs,
                                   tuff_arrays **out_gradients) {
    if (!trainer || !inputs || !out_gradients)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_trainer_gradients: a trainer, inputs and a place for the gradients are "
                         "needed");
    TUFF_TRY(check_alive(trainer->device));
    const struct tuff_allocator *before = enter_trainer(trainer);
    tuff_status status = tuff_train_gradients(trainer, inputs, out_gradients);
    leave_trainer(trainer, before);
    return status;
}

tuff_status tuff_trainer_step(tuff_trainer *trainer, const tuff_arrays *inputs,
                              tuff_step_report *out_report) {
    tuff_step_report report = { 0 };
    if (!trainer || !inputs)
        return tuff_fail(TUFF_ARGUMENT, "tuff_trainer_step: a trainer and inputs are needed");
    TUFF_TRY(check_alive(trainer->device));
    const struct tuff_allocator *before = enter_trainer(trainer);
    tuff_status status = tuff_train_step(trainer, inputs, &report);
    leave_trainer(trainer, before);
    if (out_report)
        *out_report = report;
    return status;
}

tuff_status tuff_trainer_checkpoint(tuff_trainer *trainer, const char *path) {
    if (!trainer || !path)
        return tuff_fail(TUFF_ARGUMENT, "tuff_trainer_checkpoint: a trainer and a path are needed");
    TUFF_TRY(check_alive(trainer->device));
    const struct tuff_allocator *before = enter_trainer(trainer);
    tuff_status status = tuff_train_checkpoint(trainer, path);
    leave_trainer(trainer, before);
    return status;
}

tuff_status tuff_trainer_resume(tuff_trainer *trainer, const char *path) {
    if (!trainer || !path)
        return tuff_fail(TUFF_ARGUMENT, "tuff_trainer_resume: a trainer and a path are needed");
    TUFF_TRY(check_alive(trainer->device));
    const struct tuff_allocator *before = enter_trainer(trainer);
    tuff_status status = tuff_train_resume(trainer, path);
    leave_trainer(trainer, before);
    return status;
}

tuff_status tuff_trainer_save(tuff_trainer *trainer, const char *folder) {
    if (!trainer || !folder)
        return tuff_fail(TUFF_ARGUMENT, "tuff_trainer_save: a trainer and a folder are needed");
    TUFF_TRY(check_alive(trainer->device));
    const struct tuff_allocator *before = enter_trainer(trainer);
    tuff_status status = tuff_train_save(trainer, folder);
    leave_trainer(trainer, before);
    return status;
}

tuff_status tuff_trainer_save_adapter(tuff_trainer *trainer, const char *folder) {
    if (!trainer || !folder)
        return tuff_fail(TUFF_ARGUMENT, "tuff_trainer_save_adapter: a trainer and a folder are needed");
    TUFF_TRY(check_alive(trainer->device));
    const struct tuff_allocator *before = enter_trainer(trainer);
    tuff_status status = tuff_train_save_adapter(trainer, folder);
    leave_trainer(trainer, before);
    return status;
}

tuff_status tuff_finetune(tuff_context *context, const tuff_finetune_options *options) {
    tuff_finetune_options own = TUFF_FINETUNE_OPTIONS;
    tuff_trainer_options trainer = TUFF_TRAINER_OPTIONS;
    tuff_data_options data = TUFF_DATA_OPTIONS;
    if (!context || !options)
        return tuff_fail(TUFF_ARGUMENT, "tuff_finetune: a context and options are needed");
    tuff_options_copy(&own, sizeof own, options);
    tuff_options_copy(&trainer, sizeof trainer, own.trainer);
    tuff_options_copy(&data, sizeof data, own.data);
    own.trainer = &trainer;
    own.data = &data;
    const struct tuff_allocator *allocator = allocator_of(context);
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    tuff_status status = tuff_task_finetune(context->device, allocator, &own);
    tuff_memory_use(before);
    return status;
}

static tuff_status evaluate(tuff_context *context, const struct tuff_task_spec *spec, const char *path,
                            const char *data, const tuff_data_options *options, size_t limit,
                            const char *predictions, struct tuff_evaluation *out_evaluation) {
    tuff_model_options model_options = TUFF_MODEL_OPTIONS;
    struct tuff_model *model = NULL;
    model_options.dtype = TUFF_F32;
    TUFF_TRY(tuff_model_load(context->device, allocator_of(context), path, &model_options, &model));
    tuff_status status = tuff_task_evaluate(model, spec, data, options, limit, predictions, out_evaluation);
    tuff_model_free(model);
    return status;
}

tuff_status tuff_evaluate(tuff_context *context, tuff_task task, const char *model, const char *data,
                          const tuff_data_options *options, uint64_t limit, const char *predictions,
                          tuff_metric *out_metrics, size_t *out_count) {
    tuff_data_options own = TUFF_DATA_OPTIONS;
    const struct tuff_task_spec *spec = NULL;
    struct tuff_evaluation evaluation = { 0 };
    if (!context || !model || !data || !out_metrics || !out_count)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_evaluate: a context, a model, a file and a place for the figures are needed");
    tuff_options_copy(&own, sizeof own, options);
    TUFF_TRY(tuff_task_find(task, &spec));
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = evaluate(context, spec, model, data, &own, (size_t)limit, predictions, &evaluation);
    tuff_memory_use(before);
    memcpy(out_metrics, evaluation.metrics, sizeof evaluation.metrics);
    *out_count = evaluation.count;
    return status;
}

tuff_status tuff_pretrain(tuff_context *context, const tuff_pretraining_options *options) {
    tuff_pretraining_options own = TUFF_PRETRAINING_OPTIONS;
    tuff_trainer_options trainer = TUFF_TRAINER_OPTIONS;
    if (!context || !options)
        return tuff_fail(TUFF_ARGUMENT, "tuff_pretrain: a context and options are needed");
    tuff_options_copy(&own, sizeof own, options);
    tuff_options_copy(&trainer, sizeof trainer, own.trainer);
    own.trainer = &trainer;
    const struct tuff_allocator *allocator = allocator_of(context);
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    tuff_status status = tuff_task_pretrain(context->device, allocator, &own);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_bench(tuff_context *context, const tuff_bench_options *options,
                       void (*row)(void *user, const tuff_bench_row *row), void *user) {
    tuff_bench_options own = TUFF_BENCH_OPTIONS;
    if (!context || !options || !row)
        return tuff_fail(TUFF_ARGUMENT, "tuff_bench: a context, options and a callback are needed");
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *allocator = allocator_of(context);
    const struct tuff_allocator *before = tuff_memory_use(allocator);
    tuff_status status = tuff_task_bench(context->device, allocator, &own, row, user);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_bench_ops(tuff_context *context, const tuff_bench_op_options *options,
                           void (*row)(void *user, const tuff_bench_row *row), void *user) {
    tuff_bench_op_options own = TUFF_BENCH_OP_OPTIONS;
    if (!context || !row)
        return tuff_fail(TUFF_ARGUMENT, "tuff_bench_ops: a context and a callback are needed");
    tuff_options_copy(&own, sizeof own, options);
    own.repeats = own.repeats ? own.repeats : 5;
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_measure_ops(context->device, &own, row, user);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_bench_peak(tuff_context *context, tuff_peak *out_peak) {
    if (!context || !out_peak)
        return tuff_fail(TUFF_ARGUMENT, "tuff_bench_peak: a context and a place for the figures are needed");
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_measure_peak(context->device, out_peak);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_tune(tuff_context *context, const tuff_tune_options *options,
                      void (*row)(void *user, const tuff_tune_row *row), void *user, size_t *out_wrong) {
    tuff_tune_options own = TUFF_TUNE_OPTIONS;
    if (!context || !options || !row || !out_wrong)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_tune: a context, options, a callback and a place for the count are needed");
    tuff_options_copy(&own, sizeof own, options);
    *out_wrong = 0;
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_task_tune(context->device, &own, row, user, out_wrong);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_tuning_export(tuff_context *context, const char *path) {
    if (!context || !path)
        return tuff_fail(TUFF_ARGUMENT, "tuff_tuning_export: a context and a path are needed");
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_decisions_write(context->device->decisions, path);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_tuning_import(tuff_context *context, const char *path) {
    if (!context || !path)
        return tuff_fail(TUFF_ARGUMENT, "tuff_tuning_import: a context and a path are needed");
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_decisions_read(context->device->decisions, path);
    if (status == TUFF_OK)
        status = tuff_decisions_save(context->device->decisions);
    tuff_memory_use(before);
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

tuff_status tuff_pipelines_list(tuff_context *context, const tuff_pipelines_options *options,
                                void (*row)(void *user, const tuff_pipeline_row *row), void *user,
                                size_t *out_failed) {
    tuff_pipelines_options own = TUFF_PIPELINES_OPTIONS;
    if (!context || !row || !out_failed)
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_pipelines_list: a context, a callback and a place for the count are needed");
    tuff_options_copy(&own, sizeof own, options);
    const struct tuff_allocator *before = tuff_memory_use(allocator_of(context));
    tuff_status status = tuff_inventory(context->device, &own, row, user, out_failed);
    tuff_memory_use(before);
    return status;
}

tuff_status tuff_vocabulary_make(const char *const *paths, size_t path_count,
                                 const tuff_vocabulary_options *options, const char *output,
                                 size_t *out_count) {
    tuff_vocabulary_options own = TUFF_VOCABULARY_OPTIONS;
    size_t count = 0;
    if (!output || (path_count > 0 && !paths))
        return tuff_fail(TUFF_ARGUMENT,
                         "tuff_vocabulary_make: paths and a place for the vocabulary are needed");
    tuff_options_copy(&own, sizeof own, options);
    const tuff_status status = tuff_task_vocabulary(paths, path_count, &own, output, &count);
    if (out_count)
        *out_count = count;
    return status;
}

const char *tuff_version(void) {
#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
    return TEXT(TUFF_VERSION_MAJOR) "." TEXT(TUFF_VERSION_MINOR) "." TEXT(TUFF_VERSION_PATCH);
#undef TEXT
#undef TEXT_OF
}
