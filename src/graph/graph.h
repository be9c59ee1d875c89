/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered list of ops with their tensors. Built once for a bucket of shapes, planned, recorded, and
 * replayed: per run one upload of the inputs, the kernels, one download of the results, in as few submits as
 * the cost allows. */
#ifndef TUFF_GRAPH_GRAPH_H
#define TUFF_GRAPH_GRAPH_H

#include "graph/workspace.h"
#include "ops/op.h"

/* Nodes [first, end), whose outputs may be computed again in the backward pass instead of being kept. */
struct tuff_segment {
    size_t first, end;
};

/* One step of the backward pass: a node's gradients, or its forward pass once more. */
struct tuff_backward_step {
    size_t node;
    bool is_forward;
};

struct tuff_graph {
    struct tuff_device *device;
    bool is_training;
    bool checkpoints; /* segments are computed again */
    struct tuff_node *nodes;
    size_t node_count, node_capacity;
    struct tuff_segment *segments; /* in order, apart from each other */
    size_t segment_count, segment_capacity;
    /* as the backward pass sees them: with gradients, and with the outputs of the
     * second forward pass */
    struct tuff_node *backward_nodes;
    struct tuff_backward_step *backward_steps;
    size_t backward_step_count, backward_step_capacity;
    struct tuff_tensor **tensors; /* made here; freed with the graph */
    size_t tensor_count, tensor_capacity;
    struct tuff_tensor **inputs; /* written by the host before a run */
    size_t input_count, input_capacity;
    struct tuff_tensor **results; /* read by the host after a run */
    size_t result_count, result_capacity;
    struct tuff_arena *transfers;         /* inputs and results on the device */
    struct tuff_arena *upload, *download; /* their staging, where the device's memory is not mapped */
    struct tuff_workspace *workspace;
    uint32_t generation; /* of the workspace that the recording was made with */
    struct tuff_recording *recording;
};

tuff_status tuff_graph_create(struct tuff_device *device, bool is_training, struct tuff_graph **out_graph);
void tuff_graph_destroy(struct tuff_graph *graph);

/* A tensor that the host writes before each run. */
tuff_status tuff_graph_input(struct tuff_graph *graph, const char *name, struct tuff_shape shape,
                             struct tuff_tensor **out_tensor);
/* A tensor that copies on the device write before each run, into its slice, once it is placed. */
tuff_status tuff_graph_feed(struct tuff_graph *graph, const char *name, struct tuff_shape shape,
                            struct tuff_tensor **out_tensor);
/* Appends an op; `inputs` may hold NULL where the op allows it. Outputs are made as its shape function says.
 */
tuff_status tuff_graph_append(struct tuff_graph *graph, const struct tuff_op *op,
                              const union tuff_params *params, struct tuff_tensor *const *inputs,
                              size_t input_count, struct tuff_tensor **out_first);
/* The nodes from `first` on are a segment. What its last node makes is kept in any case. */
tuff_status tuff_graph_segment(struct tuff_graph *graph, size_t first);
/* A tensor of the graph that no op makes: gradients. */
tuff_status tuff_graph_tensor(struct tuff_graph *graph, const char *name, struct tuff_shape shape,
                              struct tuff_tensor **out_tensor);
/* Memory for a pass of the node, as its op says; NULL where it needs none. */
tuff_status tuff_graph_scratch(struct tuff_graph *graph, const struct tuff_node *node, bool is_backward,
                               struct tuff_tensor **out_tensor);
/* The tensor lives at this step; NULL is fine. */
void tuff_graph_use(struct tuff_tensor *tensor, int32_t step);

/* Lets every node know the gradients that it reads and writes, for the sum of `losses`, whose gradient is
 * d_loss. To be called once, after the last append. A backward pass follows the forward pass in each run. */
tuff_status tuff_graph_differentiate(struct tuff_graph *graph, struct tuff_tensor *const *losses,
                                     size_t loss_count, struct tuff_tensor *d_loss);
tuff_status tuff_graph_record_backward(const struct tuff_graph *graph, struct tuff_recording *recording);

/* The host wants to read this tensor after a run. */
tuff_status tuff_graph_result(struct tuff_graph *graph, struct tuff_tensor *tensor);

/* The tensor is read on the device after a run, by work that follows before the next one. */
void tuff_graph_keep(struct tuff_tensor *tensor);

/* Places all tensors and records, where that is not done yet or has become stale; then inputs may be written.
 */
tuff_status tuff_graph_prepare(struct tuff_graph *graph, struct tuff_workspace *workspace);
/* Where the host writes an input and reads a result, bytes as on the device. */
void *tuff_graph_input_bytes(const struct tuff_tensor *tensor);
const void *tuff_graph_result_bytes(const struct tuff_tensor *tensor);
/* After tuff_graph_prepare, once all inputs were written; results can be read afterwards. */
tuff_status tuff_graph_run(struct tuff_graph *graph, bool (*keep_going)(void *user), void *user);

#endif
