/* SPDX-License-Identifier: Apache-2.0 */
/* Which matrices of a model get low-rank adapters: W + alpha / rank * B A with A (rank, inputs) and B (outputs, rank), as
 * Hu et al. 2021 and PEFT have them. */
#ifndef TUFF_MODEL_LORA_H
#define TUFF_MODEL_LORA_H

#include "model/parameters.h"

struct tuff_lora {
    uint32_t rank; /* 0: no adapters */
    double alpha;
    uint32_t targets; /* flags of enum tuff_lora_targets */
    uint64_t seed;    /* of A, which begins uniform within 1 / sqrt(inputs); B begins as zeros */
};

/* Appends A and B of every target in every layer, behind all other parameters. Their names are the matrix's with lora_A and
 * lora_B before the last word. */
tuff_status tuff_parameters_add_lora(struct tuff_parameters *parameters, const struct tuff_lora *lora);
/* LORA_A or LORA_B of a matrix; NULL where it has no adapter. */
const struct tuff_parameter *tuff_parameters_get_lora(const struct tuff_parameters *parameters,
                                                      enum tuff_role role,
                                                      const struct tuff_parameter *adapted);

/* Whether matrices of the role get one. */
bool tuff_lora_is_target(uint32_t targets, enum tuff_role role);

#endif
