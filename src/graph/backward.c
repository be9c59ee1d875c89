/* SPDX-License-Identifier: Apache-2.0 */
/* The reverse walk: which tensors get a gradient, who writes it first and who adds to it. Parameters that are
 * trained bring their gradient along (tensor->gradient), which every writer adds to; all other gradients are
 * made here, stored by their first writer.
 *
 * Where the graph checkpoints, a segment's nodes but the last run forward once more before its backward pass,
 * into tensors of their own: what they made the first time lives no longer than the segment. Step k of the
 * backward pass stands at node_count + k of the time line that memory is planned by. */
#include <string.h>

#include "base/memory.h"
#include "graph/graph.h"

static bool is_differentiable(const struct tuff_node *node, size_t input) {
    const struct tuff_tensor *tensor = node->inputs[input];
    return tensor && tensor->shape.type != TUFF_TYPE_I32 && !(node->op->constant_inputs >> input & 1);
}

/* A tensor wants a gradient if a trained parameter stands somewhere before it. */
static void mark_wants(const struct tuff_graph *graph) {
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct tuff_node *node = &graph->nodes[i];
        bool wants = false;
        for (size_t j = 0; j < TUFF_MAX_INPUTS; j++)
            if (is_differentiable(node, j))
                wants = wants || node->inputs[j]->gradient || node->inputs[j]->wants_gradient;
        node->outputs[0]->wants_gradient = wants;
    }
}

static tuff_status give_gradient(struct tuff_graph *graph, struct tuff_node *node, size_t input) {
    struct tuff_tensor *tensor = node->inputs[input];
    node->accumulates[input] = tensor->gradient != NULL;
    if (!tensor->gradient)
        TUFF_TRY(tuff_graph_tensor(graph, "gradient", tensor->shape, &tensor->gradient));
    node->d_inputs[input] = tensor->gradient;
    return TUFF_OK;
}

static tuff_status add_step(struct tuff_graph *graph, size_t node, bool is_forward) {
    TUFF_TRY(tuff_reserve(&graph->backward_steps, &graph->backward_step_capacity,
                          graph->backward_step_count + 1, sizeof *graph->backward_steps));
    graph->backward_steps[graph->backward_step_count++] = (struct tuff_backward_step){ node, is_forward };
    return TUFF_OK;
}

/* The node's tensors live at the last step that was added, and its scratch memory at that step alone. */
static void use_all(const struct tuff_graph *graph, const struct tuff_node *node,
                    struct tuff_tensor *scratch) {
    int32_t step = (int32_t)(graph->node_count + graph->backward_step_count - 1);
    for (size_t i = 0; i < TUFF_MAX_INPUTS; i++) {
        tuff_graph_use(node->inputs[i], step);
        tuff_graph_use(node->d_inputs[i], step);
    }
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++) {
        tuff_graph_use(node->outputs[i], step);
        tuff_graph_use(node->d_outputs[i], step);
    }
    tuff_graph_use(scratch, step);
}

static tuff_status differentiate_node(struct tuff_graph *graph, size_t index) {
    struct tuff_node *node = &graph->backward_nodes[index];
    if (!node->outputs[0]->gradient || !node->outputs[0]->wants_gradient)
        return TUFF_OK;
    if (!node->op->backward)
        return tuff_fail(TUFF_UNSUPPORTED, "%s has no backward pass", node->op->name);
    node->d_outputs[0] = node->outputs[0]->gradient;
    for (size_t i = 0; i < TUFF_MAX_INPUTS; i++)
        if (is_differentiable(node, i) && (node->inputs[i]->gradient || node->inputs[i]->wants_gradient))
            TUFF_TRY(give_gradient(graph, node, i));
    TUFF_TRY(tuff_graph_scratch(graph, node, true, &node->d_scratch));
    TUFF_TRY(add_step(graph, index, false));
    use_all(graph, node, node->d_scratch);
    return TUFF_OK;
}

/* ---------------------------------------------------------------- the second forward pass */

/* Somebody behind the segment reads the tensor: it stays what it is. */
static bool is_read_behind(const struct tuff_graph *graph, const struct tuff_segment *segment,
                           const struct tuff_tensor *tensor) {
    for (size_t i = segment->end; i < graph->node_count; i++)
        for (size_t j = 0; j < TUFF_MAX_INPUTS; j++)
            if (graph->nodes[i].inputs[j] == tensor)
                return true;
    return false;
}

static void replace_inputs(struct tuff_graph *graph, const struct tuff_segment *segment,
                           const struct tuff_tensor *tensor, struct tuff_tensor *other) {
    for (size_t i = segment->first; i < segment->end; i++)
        for (size_t j = 0; j < TUFF_MAX_INPUTS; j++)
            if (graph->backward_nodes[i].inputs[j] == tensor)
                graph->backward_nodes[i].inputs[j] = other;
}

static tuff_status double_outputs(struct tuff_graph *graph, const struct tuff_segment *segment,
                                  struct tuff_node *node) {
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++) {
        struct tuff_tensor *tensor = node->outputs[i];
        struct tuff_tensor *again = NULL;
        if (!tensor || is_read_behind(graph, segment, tensor))
            continue;
        TUFF_TRY(tuff_graph_tensor(graph, tensor->name, tensor->shape, &again));
        again->wants_gradient = tensor->wants_gradient;
        replace_inputs(graph, segment, tensor, again);
        node->outputs[i] = again;
    }
    return TUFF_OK;
}

/* The last node's outputs are kept, so that it need not run again. */
static tuff_status run_again(struct tuff_graph *graph, const struct tuff_segment *segment) {
    for (size_t i = segment->first; i + 1 < segment->end; i++)
        TUFF_TRY(double_outputs(graph, segment, &graph->backward_nodes[i]));
    for (size_t i = segment->first; i + 1 < segment->end; i++) {
        struct tuff_node *node = &graph->backward_nodes[i];
        TUFF_TRY(tuff_graph_scratch(graph, node, false, &node->scratch));
        TUFF_TRY(add_step(graph, i, true));
        use_all(graph, node, node->scratch);
    }
    return TUFF_OK;
}

/* The segment that ends behind this node and is to be computed again, or NULL. */
static const struct tuff_segment *segment_ending_at(const struct tuff_graph *graph, size_t index) {
    if (!graph->checkpoints || !graph->nodes[index].outputs[0]->wants_gradient)
        return NULL;
    for (size_t i = 0; i < graph->segment_count; i++)
        if (graph->segments[i].end == index + 1)
            return &graph->segments[i];
    return NULL;
}

static tuff_status copy_nodes(struct tuff_graph *graph) {
    TUFF_TRY(tuff_alloc(graph->node_count, sizeof *graph->nodes, &graph->backward_nodes));
    memcpy(graph->backward_nodes, graph->nodes, graph->node_count * sizeof *graph->nodes);
    return TUFF_OK;
}

tuff_status tuff_graph_differentiate(struct tuff_graph *graph, struct tuff_tensor *const *losses,
                                     size_t loss_count, struct tuff_tensor *d_loss) {
    mark_wants(graph);
    TUFF_TRY(copy_nodes(graph));
    for (size_t i = 0; i < loss_count; i++)
        losses[i]->gradient = d_loss;
    for (size_t i = graph->node_count; i-- > 0;) {
        const struct tuff_segment *segment = segment_ending_at(graph, i);
        if (segment)
            TUFF_TRY(run_again(graph, segment));
        TUFF_TRY(differentiate_node(graph, i));
    }
    return TUFF_OK;
}

tuff_status tuff_graph_record_backward(const struct tuff_graph *graph, struct tuff_recording *recording) {
    for (size_t i = 0; i < graph->backward_step_count; i++) {
        const struct tuff_backward_step *step = &graph->backward_steps[i];
        const struct tuff_node *node = &graph->backward_nodes[step->node];
        TUFF_TRY((step->is_forward ? node->op->forward : node->op->backward)(graph->device, recording, node));
    }
    return TUFF_OK;
}
