/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small BERT folders, whole or with something wrong. */
#ifndef TUFF_TESTS_SUPPORT_CHECKPOINT_H
#define TUFF_TESTS_SUPPORT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

/* A model of 2 layers, hidden size 4, 2 heads, intermediate size 6, 10 tokens, 8 positions. */
struct test_checkpoint {
    const char *architecture; /* NULL: BertModel */
    const char *config;       /* further members of config.json; NULL: none */
    const char *prefix;       /* NULL: "bert." */
    bool is_legacy;           /* gamma and beta */
    bool without_pooler;
    uint32_t heads;         /* flags of enum tuff_head whose tensors are written; a classifier has 2 labels */
    const char *left_out;   /* tensors whose name holds this text; NULL: none */
    const char *transposed; /* this tensor's dimensions are swapped, or (n) becomes (1, n) */
    const char *extra;      /* names of tensors of one element, separated by spaces */
};

void test_checkpoint_write(const char *folder, const struct test_checkpoint *checkpoint);

#endif
