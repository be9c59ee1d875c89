/* SPDX-License-Identifier: Apache-2.0 */
/* Named tensors in safetensors files, and models run on them. Part of tuff.h. */
#ifndef TUFF_ARRAYS_H
#define TUFF_ARRAYS_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A set of named arrays in C order, read from and written to safetensors files. */
typedef struct tuff_arrays tuff_arrays;

#define TUFF_MAX_RANK 8
typedef struct tuff_array {
    const char *name;
    tuff_dtype dtype;
    size_t rank;
    size_t shape[TUFF_MAX_RANK];
    const void *data;
} tuff_array;

TUFF_API tuff_status tuff_arrays_create(const tuff_allocator *allocator, tuff_arrays **out_arrays);
/* Copies the array; a name that is there already is TUFF_ARGUMENT. */
TUFF_API tuff_status tuff_arrays_add(tuff_arrays *arrays, const tuff_array *array);
TUFF_API tuff_status tuff_arrays_load(const char *path, const tuff_allocator *allocator,
                                      tuff_arrays **out_arrays);
TUFF_API tuff_status tuff_arrays_save(const tuff_arrays *arrays, const char *path);
TUFF_API size_t tuff_arrays_count(const tuff_arrays *arrays);
TUFF_API const tuff_array *tuff_arrays_get(const tuff_arrays *arrays, size_t index);
TUFF_API const tuff_array *tuff_arrays_find(const tuff_arrays *arrays, const char *name); /* NULL: absent */
TUFF_API void tuff_arrays_free(tuff_arrays *arrays);

typedef struct tuff_forward_options {
    size_t size;
    bool hidden_states; /* hidden_states.0 to hidden_states.L */
    bool attentions;    /* attentions.0 to attentions.L-1 */
} tuff_forward_options;
#define TUFF_FORWARD_OPTIONS                                                                                 \
    { sizeof(tuff_forward_options), false, false }

/* Inputs, I64 or I32: input_ids (batch, length); attention_mask (ones where missing; any pattern) and
 * token_type_ids (zeros where missing) of the same shape. Outputs, F32, under transformers' names:
 * last_hidden_state, pooler_output where the model has a pooler, and what the options ask for. Rows that the
 * mask hides are zeros. */
TUFF_API tuff_status tuff_forward(tuff_model *model, const tuff_arrays *inputs,
                                  const tuff_forward_options *options, tuff_arrays **out_outputs);

#ifdef __cplusplus
}
#endif

#endif
