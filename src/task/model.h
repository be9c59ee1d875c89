/* SPDX-License-Identifier: Apache-2.0 */
/* The public model handle: what a folder held, on a device, with its tokenizer. */
#ifndef TUFF_TASK_MODEL_H
#define TUFF_TASK_MODEL_H

#include "base/thread.h"
#include "model/folder.h"
#include "model/run.h"

struct tuff_model {
    struct tuff_member member; /* first: the device hands it over */
    struct tuff_device *device;
    const struct tuff_allocator *allocator; /* of the context */
    struct tuff_folder folder;              /* configuration, parameters, sentence-transformers' modules */
    struct tuff_weights *weights;
    struct tuff_runner runner;
    struct tuff_tokenizer *tokenizer; /* NULL: the folder has none */
    struct tuff_mutex lock;           /* held around runs */
    enum tuff_type type;
    bool is_int8; /* its layers */
    bool f16_arithmetic;
};

tuff_status tuff_model_load(struct tuff_device *device, const struct tuff_allocator *allocator,
                            const char *path, const tuff_model_options *options,
                            struct tuff_model **out_model);
/* The same with a folder that is open: its content becomes the model's, and *folder is zeroed, unless the call fails
 * before anything was placed; closing it is right in any case. */
tuff_status tuff_model_make(struct tuff_device *device, const struct tuff_allocator *allocator,
                            struct tuff_folder *folder, const tuff_model_options *options,
                            struct tuff_model **out_model);
/* The type of activations, and of what is not quantized; AUTO is f16 where the device computes as fast with it and moves half the bytes: a
 * CPU driver takes halves apart. */
tuff_status tuff_model_choose_type(const struct tuff_device *device, tuff_dtype dtype,
                                   enum tuff_type *out_type);
void tuff_model_free(struct tuff_model *model);
void tuff_model_describe(const struct tuff_model *model, tuff_model_info *out_info);

#endif
