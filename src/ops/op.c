/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op.h"

#include <string.h>

#define ADDRESS_OF_OP(name) &tuff_op_##name,
const struct tuff_op *const tuff_ops[] = { TUFF_OPS(ADDRESS_OF_OP) NULL };

struct tuff_shape tuff_op_scratch(const struct tuff_device *device, const struct tuff_node *node,
                                  bool is_backward) {
    if (!node->op->scratch)
        return (struct tuff_shape){ 0 };
    return node->op->scratch(device, node, is_backward);
}

const struct tuff_op *tuff_op_find(const char *name) {
    for (size_t i = 0; tuff_ops[i]; i++)
        if (strcmp(tuff_ops[i]->name, name) == 0)
            return tuff_ops[i];
    return NULL;
}
