/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/checks.h"

#include <stdio.h>

struct checks {
    struct tuff_device *device;
    void (*row)(void *user, const tuff_check_row *row);
    void *user;
    size_t wrong;
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

/* Fatal are a lost device and memory that cannot be had; everything else is a row of the table. */
static bool is_fatal(tuff_status status) {
    return status == TUFF_DEVICE_LOST || status == TUFF_HOST_MEMORY || status == TUFF_DEVICE_MEMORY;
}

static tuff_status check_shape(struct checks *checks, const struct tuff_op *op, const uint32_t *numbers) {
    static const struct {
        enum tuff_type type;
        bool backward;
        const char *name;
    } passes[] = { { TUFF_TYPE_F32, false, "f32" },
                   { TUFF_TYPE_F16, false, "f16" },
                   { TUFF_TYPE_F32, true, "f32 backward" } };
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        struct tuff_check_result result = { 0 };
        tuff_status status;
        if (!passes[i].backward)
            status = tuff_op_check_forward(checks->device, op, numbers, passes[i].type, false, &result);
        else if (op->backward)
            status = tuff_op_check_backward(checks->device, op, numbers, passes[i].type, &result);
        else
            continue;
        if (is_fatal(status))
            return status;
        tell(checks, op, numbers, passes[i].name, status, &result);
    }
    return TUFF_OK;
}

static bool is_end(const uint32_t *numbers) {
    for (int i = 0; i < 8; i++)
        if (numbers[i])
            return false;
    return true;
}

tuff_status tuff_check_device(struct tuff_device *device, void (*row)(void *user, const tuff_check_row *row),
                              void *user, size_t *out_wrong) {
    struct checks checks = { .device = device, .row = row, .user = user };
    for (size_t i = 0; tuff_ops[i]; i++)
        for (const uint32_t(*shape)[8] = tuff_ops[i]->check_shapes; !is_end(*shape); shape++)
            TUFF_TRY(check_shape(&checks, tuff_ops[i], *shape));
    *out_wrong = checks.wrong;
    return TUFF_OK;
}
