/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/checks.h"

#include <stdio.h>
#include <string.h>

#include "ops/matmul_coopmat.h"
#include "ops/suspect.h"

struct checks {
    struct tuff_device *device;
    void (*row)(void *user, const tuff_check_row *row);
    void *user;
    size_t wrong;
    char remark[128];
};

static void describe_shape(const uint32_t *numbers, char *text, size_t size) {
    size_t length = 0;
    for (int i = 0; i < 8 && length < size; i++)
        if (numbers[i] || i == 0)
            length += (size_t)snprintf(text + length, size - length, "%s%u", i ? "x" : "", numbers[i]);
}

static void tell(struct checks *checks, const struct tuff_op *op, const uint32_t *numbers,
                 const char *variant, tuff_status status, const struct tuff_check_result *result) {
    char shape[128];
    describe_shape(numbers, shape, sizeof shape);
    bool is_right = status == TUFF_OK && result->error <= result->tolerance && result->padding_is_zero;
    const char *remark = "";
    if (status != TUFF_OK)
        remark = tuff_error_message();
    else if (!result->padding_is_zero)
        remark = "padding is not zero";
    else if (!is_right)
        remark = result->worst;
    checks->wrong += !is_right;
    checks->row(checks->user, &(tuff_check_row){ .kernel = op->name,
                                                 .variant = variant,
                                                 .shape = shape,
                                                 .error = result->error,
                                                 .tolerance = result->tolerance,
                                                 .is_right = is_right,
                                                 .remark = remark });
}

/* Adds the switch that helps to what is said of an op that came out wrong. */
static void explain(struct checks *checks, const struct tuff_op *op, const uint32_t *numbers,
                    enum tuff_type type, bool backward, struct tuff_check_result *result) {
    if (result->error <= result->tolerance)
        return;
    const char *suspect = tuff_find_suspect(checks->device, op, numbers, type, backward);
    if (!suspect)
        return;
    snprintf(checks->remark, sizeof checks->remark, "%s; --disable %s makes it right", result->worst,
             suspect);
    result->worst = checks->remark;
}

/* Fatal are a lost device and memory that cannot be had; everything else is a row of the table. */
static bool is_fatal(tuff_status status) {
    return status == TUFF_DEVICE_LOST || status == TUFF_HOST_MEMORY || status == TUFF_DEVICE_MEMORY;
}

static tuff_status check_pass(struct checks *checks, const struct tuff_op *op, const uint32_t *numbers,
                              enum tuff_type type, bool backward, const char *variant) {
    struct tuff_check_result result = { 0 };
    tuff_status status = backward ? tuff_op_check_backward(checks->device, op, numbers, type, &result)
                                  : tuff_op_check_forward(checks->device, op, numbers, type, false, &result);
    if (is_fatal(status))
        return status;
    if (status == TUFF_OK)
        explain(checks, op, numbers, type, backward, &result);
    char name[80];
    snprintf(name, sizeof name, "%s%s", variant, backward ? " backward" : "");
    tell(checks, op, numbers, name, status, &result);
    return TUFF_OK;
}

enum { USUAL_PASSES = 3, ALL_PASSES = 4 }; /* gradients in f16 of large shapes alone: tiles differ there */

static tuff_status check_shape(struct checks *checks, const struct tuff_op *op, const uint32_t *numbers,
                               size_t pass_count) {
    static const struct {
        enum tuff_type type;
        bool backward;
        const char *name;
    } passes[ALL_PASSES] = { { TUFF_TYPE_F32, false, "f32" },
                             { TUFF_TYPE_F16, false, "f16" },
                             { TUFF_TYPE_F32, true, "f32" },
                             { TUFF_TYPE_F16, true, "f16" } };
    for (size_t i = 0; i < pass_count; i++)
        if (!passes[i].backward || op->backward)
            TUFF_TRY(check_pass(checks, op, numbers, passes[i].type, passes[i].backward, passes[i].name));
    return TUFF_OK;
}

static bool is_end(const uint32_t *numbers) {
    for (int i = 0; i < 8; i++)
        if (numbers[i])
            return false;
    return true;
}

static tuff_status check_shapes(struct checks *checks, const struct tuff_op *op, const uint32_t (*shapes)[8],
                                size_t pass_count) {
    for (; shapes && !is_end(*shapes); shapes++)
        TUFF_TRY(check_shape(checks, op, *shapes, pass_count));
    return TUFF_OK;
}

static tuff_status check_matrix_op(struct checks *checks, const struct tuff_op *op,
                                   const uint32_t (*shapes)[8], const struct tuff_matrix_shape *shape) {
    char variant[64];
    snprintf(variant, sizeof variant, "f16 %ux%ux%u%s", shape->m, shape->n, shape->k,
             shape->invocations > 0 ? " workgroup" : "");
    for (; !is_end(*shapes); shapes++)
        for (int backward = 0; backward < 2; backward++)
            TUFF_TRY(check_pass(checks, op, *shapes, TUFF_TYPE_F16, backward != 0, variant));
    return TUFF_OK;
}

static tuff_status check_f16_matrices(struct checks *checks, const struct tuff_matrix_shape *shape) {
    TUFF_TRY(check_matrix_op(checks, &tuff_op_linear, tuff_op_linear.check_shapes, shape));
    return check_matrix_op(checks, &tuff_op_attention, tuff_op_attention.check_shapes, shape);
}

/* From here on the device is given the shape, or no longer: every tile that it may be given is checked, the largest with
 * the most rows. */
static tuff_status check_workgroup_matrices(struct checks *checks, const struct tuff_matrix_shape *shape) {
    static const uint32_t larger_shapes[][8] = { { 8200, 80, 72, TUFF_ACTIVATION_GELU, 3 }, { 0 } };
    const size_t wrong_before = checks->wrong;
    TUFF_TRY(check_matrix_op(checks, &tuff_op_linear, tuff_op_linear.check_shapes, shape));
    TUFF_TRY(check_matrix_op(checks, &tuff_op_linear, tuff_op_linear.large_shapes, shape));
    TUFF_TRY(check_matrix_op(checks, &tuff_op_linear, larger_shapes, shape));
    return tuff_coopmat_judge(checks->device, shape, checks->wrong == wrong_before);
}

static tuff_status check_int8_shapes(struct checks *checks, const uint32_t (*shapes)[8],
                                     const struct tuff_matrix_shape *matrices) {
    static const char *const types[] = { "f32", "f16" };
    char variant[64];
    for (; !is_end(*shapes); shapes++)
        for (int type = TUFF_TYPE_F32; type <= TUFF_TYPE_F16; type++) {
            uint32_t numbers[8];
            memcpy(numbers, *shapes, sizeof numbers);
            numbers[4] |= TUFF_LINEAR_INT8;
            int length = snprintf(variant, sizeof variant, "int8 %s", types[type]);
            if (matrices)
                snprintf(variant + length, sizeof variant - (size_t)length, " %ux%ux%u", matrices->m,
                         matrices->n, matrices->k);
            TUFF_TRY(check_pass(checks, &tuff_op_linear, numbers, (enum tuff_type)type, false, variant));
        }
    return TUFF_OK;
}

/* The products again with factors of 8 bits, which are exact but for the scales. */
static tuff_status check_int8(struct checks *checks, const struct tuff_matrix_shape *matrices) {
    TUFF_TRY(check_int8_shapes(checks, tuff_op_linear.check_shapes, matrices));
    return check_int8_shapes(checks, tuff_op_linear.large_shapes, matrices);
}

/* Again by each shape of matrices that the device lists, whether or not it is given them. */
static tuff_status check_matrices(struct checks *checks, enum tuff_matrix_elements elements,
                                  tuff_status (*check)(struct checks *checks,
                                                       const struct tuff_matrix_shape *shape)) {
    const struct tuff_matrix_shape *shape;
    tuff_status status = TUFF_OK;
    for (uint32_t n = 0; status == TUFF_OK && (shape = tuff_coopmat_shape(checks->device, elements, n));
         n++) {
        checks->device->forced_matrix_shape = shape;
        status = check(checks, shape);
    }
    checks->device->forced_matrix_shape = NULL;
    return status;
}

/* And with arithmetic in f16, which is less exact. */
static tuff_status check_f16_arithmetic(struct checks *checks) {
    if (!checks->device->features.float16)
        return TUFF_OK;
    for (const uint32_t(*shape)[8] = tuff_op_linear.check_shapes; !is_end(*shape); shape++) {
        uint32_t numbers[8];
        memcpy(numbers, *shape, sizeof numbers);
        numbers[4] |= TUFF_LINEAR_F16_ARITHMETIC;
        TUFF_TRY(check_pass(checks, &tuff_op_linear, numbers, TUFF_TYPE_F16, false, "f16 arithmetic"));
    }
    return TUFF_OK;
}

tuff_status tuff_check_device(struct tuff_device *device, void (*row)(void *user, const tuff_check_row *row),
                              void *user, size_t *out_wrong) {
    struct checks checks = { .device = device, .row = row, .user = user };
    for (size_t i = 0; tuff_ops[i]; i++) {
        TUFF_TRY(check_shapes(&checks, tuff_ops[i], tuff_ops[i]->check_shapes, USUAL_PASSES));
        TUFF_TRY(check_shapes(&checks, tuff_ops[i], tuff_ops[i]->large_shapes, ALL_PASSES));
    }
    TUFF_TRY(check_int8(&checks, NULL));
    TUFF_TRY(check_f16_arithmetic(&checks));
    TUFF_TRY(check_matrices(&checks, TUFF_MATRIX_F16, check_f16_matrices));
    TUFF_TRY(check_matrices(&checks, TUFF_MATRIX_I8, check_int8));
    TUFF_TRY(check_matrices(&checks, TUFF_MATRIX_F16_WORKGROUP, check_workgroup_matrices));
    *out_wrong = checks.wrong;
    return TUFF_OK;
}
