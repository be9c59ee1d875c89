/* SPDX-License-Identifier: Apache-2.0 */
/* Every tensor of a model folder: model.safetensors, or the shards that model.safetensors.index.json names.
 */
#ifndef TUFF_MODEL_TENSORS_H
#define TUFF_MODEL_TENSORS_H

#include "model/safetensors.h"

struct tuff_tensors {
    char *source; /* the file, or the index: for messages */
    struct tuff_safetensors **files;
    size_t file_count;
    const struct tuff_tensor_view **views; /* sorted by name, which is unique */
    size_t count;
};

/* TUFF_IO where there are no weights; TUFF_UNSUPPORTED where they are there in another format, which it names
 * with what to do. Close with tuff_tensors_close, which a zeroed set may meet too. */
tuff_status tuff_tensors_open(const char *folder, struct tuff_tensors *out_tensors);
void tuff_tensors_close(struct tuff_tensors *tensors);

/* Index of the tensor with this name; `count` if there is none. */
size_t tuff_tensors_find(const struct tuff_tensors *tensors, const char *name);

#endif
