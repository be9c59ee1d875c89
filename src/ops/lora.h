/* SPDX-License-Identifier: Apache-2.0 */
/* Low-rank adapters (LoRA, Hu et al. 2021): w = base + scale * b a, remade once a step, so that a model with adapters
 * costs as much as one without; their gradients come from that of w:
 *     d_a = scale * b^T d_w,   d_b = scale * d_w a^T
 * A matrix whose rows are those of several (query, key and value) has an adapter for each, one below the other. Columns
 * of a and rows of b lie as those of w do, padding between heads included, which stays zero by itself. */
#ifndef TUFF_OPS_LORA_H
#define TUFF_OPS_LORA_H

#include "ops/tensor.h"
#include "vk/commands.h"

/* All F32. The rank is that of b's columns; each adapter has tuff_lora_rows(rank) rows of a, the last ones zeros. */
struct tuff_lora_matrix {
    struct tuff_tensor base, w, d_w; /* (rows, cols) in PANELS */
    struct tuff_tensor a, d_a;       /* (parts * lora_rows, cols) */
    struct tuff_tensor b, d_b;       /* (rows, rank) */
    uint32_t parts;                  /* adapters; each has rows / parts rows of w */
    float scale;
};

/* The rank, padded to groups of four. */
uint32_t tuff_lora_rows(uint32_t rank);
/* Appends what makes w. */
tuff_status tuff_lora_record_merge(struct tuff_recording *recording, const struct tuff_lora_matrix *matrix);
/* Appends what makes d_a and d_b. */
tuff_status tuff_lora_record_backward(struct tuff_device *device, struct tuff_recording *recording,
                                      const struct tuff_lora_matrix *matrix);

#endif
