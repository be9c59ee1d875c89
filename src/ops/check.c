/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/check.h"

#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/memory.h"
#include "ops/transpose.h"

static uint64_t next_bits(struct tuff_case *check_case) {
    /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t z = check_case->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(struct tuff_case *check_case) {
    return ((double)(next_bits(check_case) >> 11) + 0.5) * 0x1p-53;
}

static double normal(struct tuff_case *check_case) {
    double radius = sqrt(-2 * log(uniform(check_case)));
    return radius * cos(6.283185307179586 * uniform(check_case));
}

uint32_t tuff_case_draw(struct tuff_case *check_case, uint32_t bound) {
    return (uint32_t)(uniform(check_case) * bound);
}

static size_t value_count(const struct tuff_shape *shape) {
    return (size_t)shape->rows * shape->cols;
}

static tuff_status new_tensor(struct tuff_case *check_case, struct tuff_shape shape,
                              struct tuff_tensor **out_tensor) {
    if (check_case->tensor_count == TUFF_CASE_TENSORS)
        return tuff_fail(TUFF_ARGUMENT, "a check has room for %d tensors", TUFF_CASE_TENSORS);
    struct tuff_tensor *tensor = &check_case->tensors[check_case->tensor_count++];
    *tensor = (struct tuff_tensor){ .name = "case", .shape = shape };
    TUFF_TRY(tuff_alloc(value_count(&shape), sizeof(double), &tensor->reference));
    TUFF_TRY(tuff_arena_take(check_case->arena, tuff_shape_size(&shape), &tensor->slice));
    *out_tensor = tensor;
    return TUFF_OK;
}

static float rounded(enum tuff_type type, double value) {
    float single = (float)value;
    return type == TUFF_TYPE_F16 ? tuff_half_to_float(tuff_half_from_float(single)) : single;
}

static tuff_status fill_random(struct tuff_case *check_case, struct tuff_tensor *tensor, double scale) {
    size_t count = value_count(&tensor->shape);
    float *values = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *values, &values));
    for (size_t i = 0; i < count; i++)
        values[i] = rounded(tensor->shape.type, normal(check_case) * scale);
    tuff_status status = tuff_tensor_upload(check_case->device, tensor, values);
    if (status == TUFF_OK && tensor->shape.type == TUFF_TYPE_I8) /* as it was rounded */
        status = tuff_tensor_download(check_case->device, tensor, values);
    for (size_t i = 0; i < count; i++)
        tensor->reference[i] = values[i];
    tuff_free(values);
    return status;
}

tuff_status tuff_case_random(struct tuff_case *check_case, enum tuff_type type, enum tuff_layout layout,
                             uint32_t rows, uint32_t cols, double scale, struct tuff_tensor **out_tensor) {
    struct tuff_shape shape = { .type = type, .layout = layout, .rows = rows, .cols = cols };
    TUFF_TRY(new_tensor(check_case, shape, out_tensor));
    return check_case->is_survey ? TUFF_OK : fill_random(check_case, *out_tensor, scale);
}

tuff_status tuff_case_ints(struct tuff_case *check_case, uint32_t rows, uint32_t cols, const int32_t *values,
                           struct tuff_tensor **out_tensor) {
    struct tuff_shape shape = { .type = TUFF_TYPE_I32, .rows = rows, .cols = cols };
    TUFF_TRY(new_tensor(check_case, shape, out_tensor));
    for (size_t i = 0; i < value_count(&shape); i++)
        (*out_tensor)->reference[i] = values[i];
    return tuff_tensor_upload_ints(check_case->device, *out_tensor, values);
}

tuff_status tuff_case_transpose(struct tuff_case *check_case, struct tuff_tensor *weight) {
    struct tuff_recording *recording = NULL;
    TUFF_TRY(new_tensor(check_case, tuff_transposed_shape(&weight->shape), &weight->transposed));
    TUFF_TRY(tuff_recording_create(check_case->device, &recording));
    return tuff_recording_finish(recording, tuff_transpose_record(check_case->device, recording, weight));
}

void tuff_case_free(struct tuff_case *check_case) {
    tuff_arena_destroy(check_case->arena);
    for (uint32_t i = 0; i < check_case->tensor_count; i++)
        tuff_free(check_case->tensors[i].reference);
    tuff_free(check_case);
}

static tuff_status make_scratch(struct tuff_case *check_case, const struct tuff_node *node, bool is_backward,
                                struct tuff_tensor **out_scratch) {
    const struct tuff_shape shape = tuff_op_scratch(check_case->device, node, is_backward);
    return shape.rows > 0 ? new_tensor(check_case, shape, out_scratch) : TUFF_OK;
}

static tuff_status fill_nan(struct tuff_device *device, const struct tuff_tensor *tensor) {
    const uint64_t size = tuff_shape_size(&tensor->shape);
    void *bytes = NULL;
    TUFF_TRY(tuff_alloc((size_t)size, 1, &bytes));
    memset(bytes, 0xff, (size_t)size);
    tuff_status status = tuff_upload(device, &tensor->slice, 0, bytes, size);
    tuff_free(bytes);
    return status;
}

/* Outputs start as NaN, so that what a kernel forgets to write is seen. */
static tuff_status make_outputs(struct tuff_case *check_case, struct tuff_node *node) {
    struct tuff_shape shapes[TUFF_MAX_OUTPUTS] = { 0 };
    TUFF_TRY(node->op->shape(check_case->device, node, shapes));
    for (uint32_t i = 0; i < TUFF_MAX_OUTPUTS; i++) {
        if (shapes[i].rows == 0)
            continue;
        TUFF_TRY(new_tensor(check_case, shapes[i], &node->outputs[i]));
        if (!check_case->is_survey)
            TUFF_TRY(fill_nan(check_case->device, node->outputs[i]));
    }
    return make_scratch(check_case, node, false, &node->scratch);
}

/* The gradients of outputs are random; those of float inputs start as random numbers too, to be
 * added to. */
static tuff_status make_gradients(struct tuff_case *check_case, struct tuff_node *node, bool accumulate) {
    for (uint32_t i = 0; i < TUFF_MAX_OUTPUTS; i++) {
        if (!node->outputs[i])
            continue;
        struct tuff_shape shape = node->outputs[i]->shape;
        TUFF_TRY(tuff_case_random(check_case, shape.type, shape.layout, shape.rows, shape.cols, 1,
                                  &node->d_outputs[i]));
    }
    for (uint32_t i = 0; i < TUFF_MAX_INPUTS; i++) {
        if (!node->inputs[i] || node->inputs[i]->shape.type == TUFF_TYPE_I32 ||
            node->op->constant_inputs >> i & 1)
            continue;
        struct tuff_shape shape = node->inputs[i]->shape;
        if (node->op->parameter_inputs >> i & 1)
            shape.type = TUFF_TYPE_F32;
        TUFF_TRY(tuff_case_random(check_case, shape.type, shape.layout, shape.rows, shape.cols, 1,
                                  &node->d_inputs[i]));
        node->accumulates[i] = accumulate && !(node->op->stored_inputs >> i & 1);
        if (!node->accumulates[i])
            memset(node->d_inputs[i]->reference, 0, value_count(&shape) * sizeof(double));
    }
    return make_scratch(check_case, node, true, &node->d_scratch);
}

static tuff_status run_once(struct tuff_device *device, const struct tuff_node *node, bool backward) {
    struct tuff_recording *recording = NULL;
    TUFF_TRY(tuff_recording_create(device, &recording));
    tuff_status status =
        backward ? node->op->backward(device, recording, node) : node->op->forward(device, recording, node);
    return tuff_recording_finish(recording, status);
}

/* Adds what one tensor shows to the result. */
static tuff_status compare(struct tuff_device *device, const struct tuff_tensor *tensor, const char *name,
                           struct tuff_check_result *result) {
    size_t count = value_count(&tensor->shape);
    uint64_t size = tuff_shape_size(&tensor->shape);
    void *bytes = NULL;
    float *values = NULL;
    tuff_status status = tuff_alloc((size_t)size, 1, &bytes);
    if (status == TUFF_OK)
        status = tuff_alloc(count, sizeof *values, &values);
    if (status == TUFF_OK)
        status = tuff_download(device, &tensor->slice, 0, bytes, size);
    if (status != TUFF_OK)
        goto done;
    bool padding_is_zero = true;
    tuff_tensor_decode(tensor, bytes, values, &padding_is_zero);
    result->padding_is_zero = result->padding_is_zero && padding_is_zero;
    double largest = 1e-30;
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs(values[i] - tensor->reference[i]);
        largest = fmax(largest, fabs(tensor->reference[i]));
        worst = difference > worst || isnan(difference) ? (isnan(difference) ? HUGE_VAL : difference) : worst;
    }
    /* Values below 1e-3 count as noise of sums of larger ones. */
    double error = worst / fmax(largest, 1e-3);
    if (error >= result->error) {
        result->error = error;
        result->worst = name;
    }
done:
    tuff_free(bytes);
    tuff_free(values);
    return status;
}

static const char *const output_names[TUFF_MAX_OUTPUTS] = { "output 0", "output 1", "output 2", "output 3" };
static const char *const gradient_names[TUFF_MAX_INPUTS] = { "d_input 0", "d_input 1", "d_input 2",
                                                             "d_input 3", "d_input 4", "d_input 5",
                                                             "d_input 6", "d_input 7" };

static tuff_status check_forward(struct tuff_case *check_case, struct tuff_node *node, void *user) {
    struct tuff_check_result *result = user;
    if (check_case->tolerance > 0)
        result->tolerance = check_case->tolerance;
    TUFF_TRY(make_outputs(check_case, node));
    node->op->reference_forward(node);
    TUFF_TRY(run_once(check_case->device, node, false));
    for (uint32_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        if (node->outputs[i])
            TUFF_TRY(compare(check_case->device, node->outputs[i], output_names[i], result));
    return TUFF_OK;
}

static tuff_status check_backward(struct tuff_case *check_case, struct tuff_node *node, bool accumulate,
                                  struct tuff_check_result *result) {
    TUFF_TRY(make_outputs(check_case, node));
    TUFF_TRY(make_gradients(check_case, node, accumulate));
    node->op->reference_forward(node);
    TUFF_TRY(run_once(check_case->device, node, false));
    node->op->reference_backward(node);
    TUFF_TRY(run_once(check_case->device, node, true));
    for (uint32_t i = 0; i < TUFF_MAX_INPUTS; i++)
        if (node->d_inputs[i])
            TUFF_TRY(compare(check_case->device, node->d_inputs[i], gradient_names[i], result));
    return TUFF_OK;
}

static tuff_status check_storing(struct tuff_case *check_case, struct tuff_node *node, void *user) {
    return check_backward(check_case, node, false, user);
}

static tuff_status check_adding(struct tuff_case *check_case, struct tuff_node *node, void *user) {
    return check_backward(check_case, node, true, user);
}

static tuff_status append_keys(const struct tuff_recording *survey, struct tuff_pipeline_list *list) {
    size_t count = 0;
    const struct tuff_pipeline_key *keys = tuff_recording_keys(survey, &count);
    TUFF_TRY(tuff_reserve(&list->keys, &list->capacity, list->count + count, sizeof *list->keys));
    for (size_t i = 0; i < count; i++)
        list->keys[list->count++] = keys[i];
    return TUFF_OK;
}

static tuff_status survey_once(struct tuff_case *check_case, struct tuff_node *node, void *user) {
    struct tuff_recording *survey = NULL;
    TUFF_TRY(make_outputs(check_case, node));
    if (node->is_training)
        TUFF_TRY(make_gradients(check_case, node, false));
    TUFF_TRY(tuff_recording_create_survey(check_case->device, &survey));
    tuff_status status = node->op->forward(check_case->device, survey, node);
    if (status == TUFF_OK && node->is_training && node->op->backward)
        status = node->op->backward(check_case->device, survey, node);
    if (status == TUFF_OK)
        status = append_keys(survey, user);
    tuff_recording_destroy(survey);
    return status;
}

/* What is done with a case, its node and its inputs made. */
typedef tuff_status case_body(struct tuff_case *check_case, struct tuff_node *node, void *user);

static tuff_status run_case(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                            enum tuff_type type, bool is_training, case_body *body, void *user) {
    struct tuff_case *check_case = NULL;
    struct tuff_node node = { .op = op, .is_training = is_training };
    TUFF_TRY(tuff_alloc(1, sizeof *check_case, &check_case));
    *check_case =
        (struct tuff_case){ .device = device, .type = type, .seed = 1, .is_survey = body == survey_once };
    tuff_status status = tuff_arena_create(device, TUFF_MEMORY_DEVICE, "check", &check_case->arena);
    if (status == TUFF_OK)
        status = op->make(check_case, &node, numbers);
    if (status == TUFF_OK)
        status = body(check_case, &node, user);
    tuff_case_free(check_case);
    return status;
}

static struct tuff_check_result fresh_result(const struct tuff_op *op, enum tuff_type type) {
    return (struct tuff_check_result){
        .tolerance = type == TUFF_TYPE_F16 ? op->tolerance_f16 : op->tolerance_f32,
        .padding_is_zero = true,
        .worst = "",
    };
}

tuff_status tuff_op_check_forward(struct tuff_device *device, const struct tuff_op *op,
                                  const uint32_t *numbers, enum tuff_type type, bool is_training,
                                  struct tuff_check_result *out_result) {
    *out_result = fresh_result(op, type);
    return run_case(device, op, numbers, type, is_training, check_forward, out_result);
}

tuff_status tuff_op_check_backward(struct tuff_device *device, const struct tuff_op *op,
                                   const uint32_t *numbers, enum tuff_type type,
                                   struct tuff_check_result *out_result) {
    *out_result = fresh_result(op, type);
    TUFF_TRY(run_case(device, op, numbers, type, true, check_storing, out_result));
    return run_case(device, op, numbers, type, true, check_adding, out_result);
}

tuff_status tuff_op_survey(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                           enum tuff_type type, bool is_training, struct tuff_pipeline_list *list) {
    return run_case(device, op, numbers, type, is_training, survey_once, list);
}

/* ---------------------------------------------------------------- time */

struct timed {
    const struct tuff_op_time_options *options;
    struct tuff_op_time *time;
};

static tuff_status run_recording(void *user) {
    return tuff_recording_run(user, NULL, NULL);
}

/* `count` passes in one recording, each after the one before. */
static tuff_status time_passes(struct tuff_device *device, const struct tuff_node *node, uint32_t count,
                               uint32_t repeats, struct tuff_timing *out_timing) {
    struct tuff_recording *recording = NULL;
    TUFF_TRY(tuff_recording_create(device, &recording));
    tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++)
        status = node->op->forward(device, recording, node);
    if (status == TUFF_OK)
        status = tuff_recording_end(recording);
    if (status == TUFF_OK)
        status = tuff_timing_run(repeats, run_recording, recording, out_timing);
    tuff_recording_destroy(recording);
    out_timing->median_ms /= count;
    out_timing->p95_ms /= count;
    out_timing->cpu_ms /= count;
    return status;
}

static uint64_t bytes_of(const struct tuff_node *node) {
    uint64_t size = 0;
    for (uint32_t i = 0; i < TUFF_MAX_INPUTS; i++)
        size += node->inputs[i] ? tuff_shape_size(&node->inputs[i]->shape) : 0;
    for (uint32_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        size += node->outputs[i] ? tuff_shape_size(&node->outputs[i]->shape) : 0;
    return size;
}

/* A submit costs as much as a small kernel: so many passes go into one that it takes some milliseconds. */
static tuff_status time_forward(struct tuff_case *check_case, struct tuff_node *node, void *user) {
    enum { WANTED_MS = 5, MOST = 100 };
    struct timed *timed = user;
    struct tuff_timing first = { 0 };
    if (timed->options->is_checked)
        TUFF_TRY(check_forward(check_case, node, &timed->time->result));
    else
        TUFF_TRY(make_outputs(check_case, node));
    TUFF_TRY(time_passes(check_case->device, node, 1, 1, &first));
    double count = WANTED_MS / (first.median_ms > 1e-3 ? first.median_ms : 1e-3);
    timed->time->bytes = bytes_of(node);
    return time_passes(check_case->device, node,
                       count > MOST ? MOST
                       : count > 1  ? (uint32_t)count
                                    : 1,
                       timed->options->repeats, &timed->time->timing);
}

tuff_status tuff_op_time(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                         enum tuff_type type, const struct tuff_op_time_options *options,
                         struct tuff_op_time *out_time) {
    struct timed timed = { .options = options, .time = out_time };
    *out_time = (struct tuff_op_time){ .result = fresh_result(op, type) };
    return run_case(device, op, numbers, type, false, time_forward, &timed);
}
