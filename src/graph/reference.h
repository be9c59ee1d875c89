/* SPDX-License-Identifier: Apache-2.0 */
/* The plain C reference of a graph: every op's, on the inputs and parameters that the device has. */
#ifndef TUFF_GRAPH_REFERENCE_H
#define TUFF_GRAPH_REFERENCE_H

#include "graph/graph.h"

/* Computes tensor->reference of everything up to `last`, an output of one of the graph's nodes. The graph has run: its
 * inputs lie on the device. Slow: a second for some 10^9 products. */
tuff_status tuff_graph_reference(struct tuff_graph *graph, const struct tuff_tensor *last);
/* Frees all references, of parameters too; right also after a failure. */
void tuff_graph_reference_free(struct tuff_graph *graph);

#endif
