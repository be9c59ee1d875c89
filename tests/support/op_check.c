/* SPDX-License-Identifier: Apache-2.0 */
#include "support/op_check.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/device.h"

static const char *const type_names[] = { "f32", "f16" };

static void check_result(const struct tuff_op *op, const uint32_t *numbers, const char *how,
                         enum tuff_type type, tuff_status status, const struct tuff_check_result *result) {
    cr_assert_eq(status, TUFF_OK, "%s: %s", op->name, tuff_error_message());
    cr_expect(result->error <= result->tolerance && result->padding_is_zero,
              "%s %s %s (%u, %u, %u, %u, %u, %u): %s is off by %.3g of %.3g%s", op->name, how,
              type_names[type], numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5],
              result->worst, result->error, result->tolerance,
              result->padding_is_zero ? "" : "; padding is not zero");
}

typedef void (*table_check)(struct tuff_device *device, const struct tuff_op *op, const uint32_t (*shapes)[8],
                            size_t count);

static void check_on(struct tuff_device *device, table_check check, const struct tuff_op *op,
                     const uint32_t (*shapes)[8], size_t count) {
    check(device, op, shapes, count);
    test_device_close(device);
}

static void check_forward(struct tuff_device *device, const struct tuff_op *op, const uint32_t (*shapes)[8],
                          size_t count) {
    struct tuff_check_result result;
    for (size_t i = 0; i < count; i++)
        for (enum tuff_type type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            tuff_status status = tuff_op_check_forward(device, op, shapes[i], type, false, &result);
            check_result(op, shapes[i], "forward", type, status, &result);
            status = tuff_op_check_forward(device, op, shapes[i], type, true, &result);
            check_result(op, shapes[i], "forward in training", type, status, &result);
        }
}

void test_op_forward(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count,
                     const char *without) {
    check_on(test_device(), check_forward, op, shapes, count);
    if (without)
        check_on(test_device_without(without), check_forward, op, shapes, count);
}

static void check_backward(struct tuff_device *device, const struct tuff_op *op, const uint32_t (*shapes)[8],
                           size_t count) {
    struct tuff_check_result result;
    for (size_t i = 0; i < count; i++)
        for (enum tuff_type type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            tuff_status status = tuff_op_check_backward(device, op, shapes[i], type, &result);
            check_result(op, shapes[i], "backward", type, status, &result);
        }
}

void test_op_backward(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count,
                      const char *without) {
    check_on(test_device(), check_backward, op, shapes, count);
    if (without)
        check_on(test_device_without(without), check_backward, op, shapes, count);
}

static void check_as_gpu(struct tuff_device *device, const struct tuff_op *op, const uint32_t (*shapes)[8],
                         size_t count) {
    device->info.type = TUFF_DEVICE_DISCRETE;
    check_forward(device, op, shapes, count);
    check_on(device, check_backward, op, shapes, count);
}

void test_op_as_gpu(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count) {
    check_as_gpu(test_device(), op, shapes, count);
}

void test_op_as(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count, uint32_t vendor_id,
                const char *driver) {
    struct tuff_device *device = test_device();
    device->info.vendor_id = vendor_id;
    snprintf(device->info.driver, sizeof device->info.driver, "%s", driver);
    check_as_gpu(device, op, shapes, count);
}

/* ---------------------------------------------------------------- finite differences */

enum { PROBES = 24 }; /* elements tried of each input */

static size_t value_count(const struct tuff_tensor *tensor) {
    return (size_t)tensor->shape.rows * tensor->shape.cols;
}

static struct tuff_tensor *new_tensor(struct tuff_case *check_case, struct tuff_shape shape) {
    cr_assert_lt(check_case->tensor_count, (uint32_t)TUFF_CASE_TENSORS);
    struct tuff_tensor *tensor = &check_case->tensors[check_case->tensor_count++];
    *tensor = (struct tuff_tensor){ .name = "case", .shape = shape };
    cr_assert_eq(tuff_alloc(value_count(tensor), sizeof(double), &tensor->reference), TUFF_OK);
    return tensor;
}

/* A number between -1 and 1 for element i. */
static double weight(size_t i) {
    return sin(1.0 + 12.9898 * (double)i);
}

static double weighted_output(const struct tuff_node *node) {
    double sum = 0;
    node->op->reference_forward(node);
    for (size_t i = 0; i < value_count(node->outputs[0]); i++)
        sum += weight(i) * node->outputs[0]->reference[i];
    return sum;
}

static void make_node(struct tuff_case *check_case, struct tuff_node *node, const uint32_t *numbers) {
    struct tuff_shape shapes[TUFF_MAX_OUTPUTS] = { 0 };
    cr_assert_eq(node->op->make(check_case, node, numbers), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(node->op->shape(check_case->device, node, shapes), TUFF_OK, "%s", tuff_error_message());
    for (uint32_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        if (shapes[i].rows > 0) {
            node->outputs[i] = new_tensor(check_case, shapes[i]);
            node->d_outputs[i] = new_tensor(check_case, shapes[i]);
        }
    for (size_t i = 0; i < value_count(node->outputs[0]); i++)
        node->d_outputs[0]->reference[i] = weight(i);
    for (uint32_t i = 0; i < TUFF_MAX_INPUTS; i++)
        if (node->inputs[i] && node->inputs[i]->shape.type != TUFF_TYPE_I32 &&
            !(node->op->constant_inputs >> i & 1))
            node->d_inputs[i] = new_tensor(check_case, node->inputs[i]->shape);
}

static void compare_input(const struct tuff_node *node, const uint32_t *numbers, uint32_t input) {
    const double step = 1e-4; /* the error of a central difference falls with its square */
    double *values = node->inputs[input]->reference;
    const double *gradient = node->d_inputs[input]->reference;
    size_t count = value_count(node->inputs[input]);
    size_t stride = count > PROBES ? count / PROBES : 1;
    double largest = 1e-3;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(gradient[i]));
    for (size_t i = 0; i < count; i += stride) {
        double value = values[i];
        values[i] = value + step;
        double above = weighted_output(node);
        values[i] = value - step;
        double below = weighted_output(node);
        values[i] = value;
        double difference = (above - below) / (2 * step);
        cr_expect_lt(fabs(difference - gradient[i]), 1e-5 * largest,
                     "%s (%u, %u, %u, %u): d_input %u [%zu] is %g, not %g", node->op->name, numbers[0],
                     numbers[1], numbers[2], numbers[3], input, i, gradient[i], difference);
    }
}

static void differences_of(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers) {
    static struct tuff_case check_case;
    struct tuff_node node = { .op = op, .is_training = true };
    check_case = (struct tuff_case){ .device = device, .type = TUFF_TYPE_F32, .seed = 1 };
    cr_assert_eq(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &check_case.arena), TUFF_OK);
    make_node(&check_case, &node, numbers);
    op->reference_forward(&node);
    op->reference_backward(&node);
    for (uint32_t i = 0; i < TUFF_MAX_INPUTS; i++)
        if (node.d_inputs[i])
            compare_input(&node, numbers, i);
    tuff_arena_destroy(check_case.arena);
    for (uint32_t i = 0; i < check_case.tensor_count; i++)
        tuff_free(check_case.tensors[i].reference);
}

void test_op_differences(const struct tuff_op *op, const uint32_t (*shapes)[8], size_t count) {
    struct tuff_device *device = test_device();
    for (size_t i = 0; i < count; i++)
        differences_of(device, op, shapes[i]);
    test_device_close_idle(device);
}
