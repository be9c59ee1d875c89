/* SPDX-License-Identifier: Apache-2.0 */
/* The two steps of pretrain_data.c that draw: pairs of texts, and what is masked in a sequence. */
#ifndef TUFF_TASK_PRETRAIN_PAIRS_H
#define TUFF_TASK_PRETRAIN_PAIRS_H

#include "task/pretrain_data.h"

/* Makes the pairs of the loaded window. */
tuff_status tuff_pretrain_draw_pairs(struct tuff_pretrain_data *data, struct tuff_random *random);

/* Masks rows of a sequence in place. continues[i]: row i goes on the word of the row before; special[i]: it
 * is never predicted. out_asked and out_labels have room for `count`; *out_asked is in ascending order. */
tuff_status tuff_pretrain_draw_masks(const struct tuff_pretrain_options *options, int32_t mask_id,
                                     struct tuff_random *random, struct tuff_row *rows, uint32_t count,
                                     const bool *continues, const bool *is_special, uint32_t *out_asked,
                                     int32_t *out_labels, uint32_t *out_count);

#endif
