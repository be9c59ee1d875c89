/* SPDX-License-Identifier: Apache-2.0 */
#include "task/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/arrays.h"
#include "vk/decisions.h"

enum { STATE_NAME_SIZE = 192, PROGRESS_COUNT = 12, SCALE_COUNT = 4, LORA_COUNT = 3 };

/* By kind; gradients are none at a checkpoint. */
static const struct {
    enum tuff_weight_kind kind;
    const char *prefix;
} kinds[] = { { TUFF_BASE_WEIGHT, "weight/" },
              { TUFF_FIRST_MOMENT, "first/" },
              { TUFF_SECOND_MOMENT, "second/" } };

static void make_name(const char *prefix, const struct tuff_parameter *parameter,
                      char name[STATE_NAME_SIZE]) {
    snprintf(name, STATE_NAME_SIZE, "%s%s", prefix, parameter->name);
}

/* ---------------------------------------------------------------- how steps are computed
 * Kernels that were chosen by measuring and the rows that are computed at once change how sums round: a run goes on with
 * those that it began with. The array has a choice a row, key before value; the first row holds the row limit. */

enum { CHOICE_SIZE = TUFF_DECISION_KEY + TUFF_DECISION_VALUE };

static tuff_status collect_choices(const struct tuff_trainer *trainer, struct tuff_arrays *arrays) {
    struct tuff_decision *choices = NULL;
    size_t count = 0;
    int64_t *values = NULL;
    TUFF_TRY(tuff_decisions_copy(trainer->device->decisions, &choices, &count));
    const size_t shape[2] = { count + 1, CHOICE_SIZE };
    tuff_status status = tuff_arrays_make(arrays, "choices", TUFF_I64, 2, shape, &values);
    if (status == TUFF_OK) {
        values[0] = trainer->row_limit;
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < CHOICE_SIZE; j++)
                values[(i + 1) * CHOICE_SIZE + j] =
                    j < TUFF_DECISION_KEY ? choices[i].key[j] : choices[i].value[j - TUFF_DECISION_KEY];
    }
    tuff_free(choices);
    return status;
}

static tuff_status restore_choices(struct tuff_trainer *trainer, const struct tuff_arrays *arrays,
                                   const char *path) {
    const struct tuff_array *array = tuff_arrays_find(arrays, "choices");
    struct tuff_decision *choices = NULL;
    if (!array || array->dtype != TUFF_I64 || array->rank != 2 || array->shape[0] == 0 ||
        array->shape[1] != CHOICE_SIZE)
        return tuff_fail(TUFF_FORMAT, "%s: does not say how its steps were computed", path);
    const size_t count = array->shape[0] - 1;
    const int64_t *values = array->data;
    TUFF_TRY(tuff_alloc(count, sizeof *choices, &choices));
    trainer->row_limit = (uint32_t)values[0];
    for (size_t i = 0; i < count; i++) {
        const int64_t *row = values + (i + 1) * CHOICE_SIZE;
        for (size_t j = 0; j < TUFF_DECISION_KEY; j++)
            choices[i].key[j] = (uint32_t)row[j];
        for (size_t j = 0; j < TUFF_DECISION_VALUE; j++)
            choices[i].value[j] = (uint32_t)row[TUFF_DECISION_KEY + j];
    }
    tuff_status status = tuff_decisions_replace(trainer->device->decisions, choices, count);
    tuff_runner_forget(&trainer->runner);
    tuff_free(choices);
    return status;
}

/* ---------------------------------------------------------------- save */

static tuff_status collect_scale(const struct tuff_loss_scale *scale, struct tuff_arrays *arrays) {
    const size_t length = SCALE_COUNT;
    double *values = NULL;
    TUFF_TRY(tuff_arrays_make(arrays, "loss_scale", TUFF_F64, 1, &length, &values));
    values[0] = scale->is_dynamic;
    values[1] = scale->value;
    values[2] = (double)scale->good_steps;
    values[3] = (double)scale->skipped;
    return TUFF_OK;
}

static tuff_status collect_lora(const struct tuff_lora *lora, struct tuff_arrays *arrays) {
    const size_t length = LORA_COUNT;
    double *values = NULL;
    TUFF_TRY(tuff_arrays_make(arrays, "lora", TUFF_F64, 1, &length, &values));
    values[0] = lora->rank;
    values[1] = lora->alpha;
    values[2] = lora->targets;
    return TUFF_OK;
}

static tuff_status collect(const struct tuff_trainer *trainer, const struct tuff_checkpoint *checkpoint,
                           struct tuff_arrays *arrays) {
    const struct tuff_parameters *parameters = &trainer->folder.parameters;
    const int64_t values[PROGRESS_COUNT] = {
        (int64_t)trainer->step,           (int64_t)trainer->pass,          (int64_t)trainer->seed,
        (int64_t)checkpoint->total_steps, (int64_t)checkpoint->item_count, (int64_t)checkpoint->batch_size,
        (int64_t)checkpoint->log_size,    (int64_t)checkpoint->place[0],   (int64_t)checkpoint->place[1],
        (int64_t)checkpoint->place[2],    (int64_t)checkpoint->place[3],   (int64_t)checkpoint->place[4]
    };
    const size_t length = PROGRESS_COUNT;
    int64_t *progress = NULL;
    TUFF_TRY(tuff_arrays_make(arrays, "progress", TUFF_I64, 1, &length, &progress));
    memcpy(progress, values, sizeof values);
    TUFF_TRY(collect_scale(&trainer->scale, arrays));
    TUFF_TRY(collect_lora(&trainer->lora, arrays));
    TUFF_TRY(collect_choices(trainer, arrays));
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < parameters->count; i++) {
            const struct tuff_parameter *parameter = &parameters->items[i];
            char name[STATE_NAME_SIZE];
            float *data = NULL;
            make_name(kinds[k].prefix, parameter, name);
            TUFF_TRY(tuff_arrays_make(arrays, name, TUFF_F32, parameter->rank, parameter->shape, &data));
            TUFF_TRY(tuff_weights_download(trainer->weights, parameter, kinds[k].kind, data));
        }
    return TUFF_OK;
}

tuff_status tuff_checkpoint_save(const struct tuff_trainer *trainer, const struct tuff_checkpoint *checkpoint,
                                 const char *path) {
    struct tuff_arrays *arrays = NULL;
    TUFF_TRY(tuff_arrays_create(trainer->allocator, &arrays));
    tuff_status status = collect(trainer, checkpoint, arrays);
    if (status == TUFF_OK)
        status = tuff_arrays_save(arrays, path);
    tuff_arrays_free(arrays);
    return status;
}

/* ---------------------------------------------------------------- load */

static tuff_status read_progress(const struct tuff_trainer *trainer, const struct tuff_arrays *arrays,
                                 const char *path, struct tuff_checkpoint *inout, int64_t *out_values) {
    const struct tuff_array *array = tuff_arrays_find(arrays, "progress");
    if (!array || array->dtype != TUFF_I64 || array->rank != 1 || array->shape[0] != PROGRESS_COUNT)
        return tuff_fail(TUFF_FORMAT, "%s: is no checkpoint of a training run", path);
    memcpy(out_values, array->data, PROGRESS_COUNT * sizeof *out_values);
    if ((uint64_t)out_values[2] != trainer->seed || (uint64_t)out_values[3] != inout->total_steps ||
        (uint64_t)out_values[4] != inout->item_count || (uint64_t)out_values[5] != inout->batch_size)
        return tuff_fail(
            TUFF_ARGUMENT,
            "%s: is of a run of %lld steps over %lld features in batches of %lld with seed %lld, this "
            "one has %llu steps over %llu features in batches of %llu with seed %llu",
            path, (long long)out_values[3], (long long)out_values[4], (long long)out_values[5],
            (long long)out_values[2], (unsigned long long)inout->total_steps,
            (unsigned long long)inout->item_count, (unsigned long long)inout->batch_size,
            (unsigned long long)trainer->seed);
    if (out_values[0] < 0 || (uint64_t)out_values[0] > inout->total_steps)
        return tuff_fail(TUFF_FORMAT, "%s: step %lld is beyond the last one", path, (long long)out_values[0]);
    inout->log_size = (uint64_t)out_values[6];
    for (size_t i = 0; i < 5; i++)
        inout->place[i] = (uint64_t)out_values[7 + i];
    return TUFF_OK;
}

static tuff_status restore_scale(struct tuff_loss_scale *scale, const struct tuff_arrays *arrays,
                                 const char *path) {
    const struct tuff_array *array = tuff_arrays_find(arrays, "loss_scale");
    if (!array || array->dtype != TUFF_F64 || array->rank != 1 || array->shape[0] != SCALE_COUNT)
        return tuff_fail(TUFF_FORMAT, "%s: is no checkpoint of a training run", path);
    const double *values = array->data;
    if ((values[0] != 0) != scale->is_dynamic)
        return tuff_fail(TUFF_ARGUMENT, "%s: is of a run in %s, this one is in %s", path,
                         values[0] != 0 ? "f16" : "f32", scale->is_dynamic ? "f16" : "f32");
    if (!(values[1] > 0 && values[2] >= 0 && values[3] >= 0))
        return tuff_fail(TUFF_FORMAT, "%s: has a loss scale of %g", path, values[1]);
    scale->value = values[1];
    scale->good_steps = (uint64_t)values[2];
    scale->skipped = (uint64_t)values[3];
    return TUFF_OK;
}

/* Shapes tell the rank alone: with another alpha or fewer targets the run would go on as another one. */
static tuff_status check_lora(const struct tuff_lora *lora, const struct tuff_arrays *arrays,
                              const char *path) {
    const struct tuff_array *array = tuff_arrays_find(arrays, "lora");
    if (!array || array->dtype != TUFF_F64 || array->rank != 1 || array->shape[0] != LORA_COUNT)
        return tuff_fail(TUFF_FORMAT, "%s: is no checkpoint of a training run", path);
    const double *values = array->data;
    const bool had_adapters = values[0] > 0, has_adapters = lora->rank > 0;
    if (had_adapters != has_adapters)
        return tuff_fail(TUFF_ARGUMENT, "%s: is of a run with%s adapters, this one has %s", path,
                         had_adapters ? "" : "out", has_adapters ? "some" : "none");
    if (has_adapters && (values[0] != lora->rank || values[1] != lora->alpha || values[2] != lora->targets))
        return tuff_fail(TUFF_ARGUMENT,
                         "%s: is of a run with adapters of rank %g, alpha %g and targets %g, this one has "
                         "rank %u, alpha %g and targets %u",
                         path, values[0], values[1], values[2], lora->rank, lora->alpha, lora->targets);
    return TUFF_OK;
}

static bool has_shape(const struct tuff_array *array, const struct tuff_parameter *parameter) {
    return array && array->dtype == TUFF_F32 && array->rank == parameter->rank &&
           memcmp(array->shape, parameter->shape, parameter->rank * sizeof *parameter->shape) == 0;
}

static tuff_status restore_kind(struct tuff_trainer *trainer, const struct tuff_arrays *arrays,
                                const char *path, size_t k, const float **values) {
    const struct tuff_parameters *parameters = &trainer->folder.parameters;
    for (size_t i = 0; i < parameters->count; i++) {
        char name[STATE_NAME_SIZE];
        make_name(kinds[k].prefix, &parameters->items[i], name);
        const struct tuff_array *array = tuff_arrays_find(arrays, name);
        if (!has_shape(array, &parameters->items[i]))
            return tuff_fail(TUFF_ARGUMENT, "%s: has no %s of the shape that this run's model has", path,
                             name);
        values[i] = array->data;
    }
    return tuff_weights_restore(trainer->weights, kinds[k].kind, parameters, values);
}

static tuff_status restore(struct tuff_trainer *trainer, const struct tuff_arrays *arrays, const char *path,
                           struct tuff_checkpoint *inout) {
    int64_t progress[PROGRESS_COUNT];
    const float **values = NULL;
    TUFF_TRY(read_progress(trainer, arrays, path, inout, progress));
    TUFF_TRY(check_lora(&trainer->lora, arrays, path));
    TUFF_TRY(restore_scale(&trainer->scale, arrays, path));
    TUFF_TRY(restore_choices(trainer, arrays, path));
    TUFF_TRY(tuff_alloc(trainer->folder.parameters.count, sizeof *values, &values));
    tuff_status status = TUFF_OK;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds && status == TUFF_OK; k++)
        status = restore_kind(trainer, arrays, path, k, values);
    tuff_free(values);
    trainer->step = (uint64_t)progress[0];
    trainer->pass = (uint32_t)progress[1];
    return status;
}

tuff_status tuff_checkpoint_load(struct tuff_trainer *trainer, struct tuff_checkpoint *inout_checkpoint,
                                 const char *path) {
    struct tuff_arrays *arrays = NULL;
    TUFF_TRY(tuff_arrays_load(path, trainer->allocator, &arrays));
    tuff_status status = restore(trainer, arrays, path, inout_checkpoint);
    tuff_arrays_free(arrays);
    return status;
}
