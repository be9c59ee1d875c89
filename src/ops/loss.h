/* SPDX-License-Identifier: Apache-2.0 */
/* What the losses share. A loss op writes a loss and a weight for each of its rows; their sums' quotient is
 * the loss.
 *
 *   inputs   0 predictions   1 targets
 *            2 normalizer F32 (1, 2), may be missing: what the sum is divided by instead of the sum of weights
 *            (the second number for losses of two parts). A batch that is worked on in pieces gives each piece
 *            the denominator of the whole, and the pieces' losses and gradients add up.
 *   outputs  0 loss F32 (1, 1), NaN where nothing counts   1 denominators F32 (1, 2)
 *            2 rows F32 (rows, 4 or 8)
 *
 * Only the loss has a gradient. */
#ifndef TUFF_OPS_LOSS_H
#define TUFF_OPS_LOSS_H

#include "ops/op.h"

enum { TUFF_LOSS_PREDICTIONS, TUFF_LOSS_TARGETS, TUFF_LOSS_NORMALIZER };
enum { TUFF_LOSS_VALUE, TUFF_LOSS_DENOMINATORS, TUFF_LOSS_ROWS };

/* Checks the normalizer and sets all outputs. A row has four columns for each of its `parts`, 1 or 2. */
tuff_status tuff_loss_outputs(const struct tuff_node *node, uint32_t rows, uint32_t parts,
                              struct tuff_shape outputs[TUFF_MAX_OUTPUTS]);
/* From rows to loss and denominators. */
tuff_status tuff_loss_record_mean(struct tuff_device *device, struct tuff_recording *recording,
                                  const struct tuff_node *node);
void tuff_loss_reference_mean(const struct tuff_node *node);
/* What the reference multiplies the gradient of a row's loss with: d_loss / denominator of a part. */
double tuff_loss_reference_scale(const struct tuff_node *node, uint32_t part);

#endif
