/* SPDX-License-Identifier: Apache-2.0 */
#include "model/fresh.h"

#include <string.h>

#include "base/memory.h"

enum { NAME_SIZE = 160 };

struct tuff_fresh_view {
    struct tuff_tensor_view view;
    size_t shape[2];
    char name[NAME_SIZE];
    float values[];
};

tuff_status tuff_parameters_add_fresh(struct tuff_parameters *parameters, const struct tuff_parameter *wanted,
                                      float **out_values) {
    struct tuff_fresh_view *fresh = NULL;
    const size_t count = wanted->shape[0] * (wanted->rank == 2 ? wanted->shape[1] : 1);
    const size_t length = strlen(wanted->name);
    if (length >= NAME_SIZE)
        return tuff_fail(TUFF_UNSUPPORTED, "%s: the name is too long", wanted->name);
    TUFF_TRY(tuff_reserve(&parameters->fresh, &parameters->fresh_capacity, parameters->fresh_count + 1,
                          sizeof *parameters->fresh));
    TUFF_TRY(tuff_alloc(1, sizeof *fresh + count * sizeof(float), &fresh));
    parameters->fresh[parameters->fresh_count++] = fresh;
    memcpy(fresh->shape, wanted->shape, sizeof fresh->shape);
    memcpy(fresh->name, wanted->name, length + 1);
    fresh->view = (struct tuff_tensor_view){ .name = fresh->name,
                                             .element = TUFF_ELEMENT_F32,
                                             .rank = wanted->rank,
                                             .shape = fresh->shape,
                                             .count = count,
                                             .data = (const unsigned char *)fresh->values,
                                             .size = count * sizeof(float) };
    struct tuff_parameter *added = &parameters->items[parameters->count++];
    *added = *wanted;
    added->name = fresh->name;
    added->source = &fresh->view;
    parameters->element_count += count;
    *out_values = fresh->values;
    return TUFF_OK;
}
