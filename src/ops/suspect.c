/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/suspect.h"

#include "ops/check.h"

/* Those that kernels are chosen by; the others are about how work is handed over. */
#define FEATURES_OF_KERNELS(X)                                                                               \
    X(subgroup_arithmetic)                                                                                   \
    X(subgroup_shuffle)                                                                                      \
    X(float16)                                                                                               \
    X(storage16)                                                                                             \
    X(storage8)                                                                                              \
    X(int8)                                                                                                  \
    X(dot_product)                                                                                           \
    X(buffer_address)                                                                                        \
    X(int64)                                                                                                 \
    X(cooperative_matrix)                                                                                    \
    X(cooperative_matrix2)                                                                                   \
    X(bfloat16)

static bool is_right(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                     enum tuff_type type, bool backward) {
    struct tuff_check_result result = { 0 };
    tuff_status status = backward ? tuff_op_check_backward(device, op, numbers, type, &result)
                                  : tuff_op_check_forward(device, op, numbers, type, false, &result);
    return status == TUFF_OK && result.error <= result.tolerance && result.padding_is_zero;
}

const char *tuff_find_suspect(struct tuff_device *device, const struct tuff_op *op, const uint32_t *numbers,
                              enum tuff_type type, bool backward) {
    struct tuff_features *features = &device->features;
    const struct {
        const char *name;
        bool *flag;
    } rows[] = {
#define FEATURE_ROW(name) { #name, &features->name },
        FEATURES_OF_KERNELS(FEATURE_ROW)
#undef FEATURE_ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!*rows[i].flag)
            continue;
        *rows[i].flag = false;
        bool helps = is_right(device, op, numbers, type, backward);
        *rows[i].flag = true;
        if (helps)
            return rows[i].name;
    }
    return NULL;
}
