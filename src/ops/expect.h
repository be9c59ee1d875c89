/* SPDX-License-Identifier: Apache-2.0 */
/* What the shape functions of ops ask of their inputs; a failure names op and input. */
#ifndef TUFF_OPS_EXPECT_H
#define TUFF_OPS_EXPECT_H

#include "ops/op.h"

/* That inputs[index] is there and of this type and shape; 0 rows or cols: any. `what` names it in the
 * message. */
tuff_status tuff_expect(const struct tuff_node *node, uint32_t index, const char *what, enum tuff_type type,
                        uint32_t rows, uint32_t cols);
/* The same for F32 or F16. */
tuff_status tuff_expect_float(const struct tuff_node *node, uint32_t index, const char *what, uint32_t rows,
                              uint32_t cols);
/* The seed of dropout at inputs[index]: I32 (1, 4), needed where the probability is above 0. */
tuff_status tuff_expect_seed(const struct tuff_node *node, uint32_t index,
                             const struct tuff_dropout *dropout);

#endif
