/* SPDX-License-Identifier: Apache-2.0 */
/* The reverse walk: which tensors get a gradient, who writes it first and who adds to it. Parameters that are
 * trained bring their gradient along (tensor->gradient), which every writer adds to; all other gradients are
 * made here, stored by their first writer. A backward step of node i stands at 2 * count - 1 - i of the time
 * line that memory is planned by. */
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

static void use_all(struct tuff_node *node, int32_t step) {
    for (size_t i = 0; i < TUFF_MAX_INPUTS; i++) {
        tuff_graph_use(node->inputs[i], step);
        tuff_graph_use(node->d_inputs[i], step);
    }
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++) {
        tuff_graph_use(node->outputs[i], step);
        tuff_graph_use(node->d_outputs[i], step);
    }
}

static tuff_status differentiate_node(struct tuff_graph *graph, size_t index) {
    struct tuff_node *node = &graph->nodes[index];
    if (!node->outputs[0]->gradient || !node->outputs[0]->wants_gradient)
        return TUFF_OK;
    if (!node->op->backward)
        return tuff_fail(TUFF_UNSUPPORTED, "%s has no backward pass", node->op->name);
    node->d_outputs[0] = node->outputs[0]->gradient;
    for (size_t i = 0; i < TUFF_MAX_INPUTS; i++)
        if (is_differentiable(node, i) && (node->inputs[i]->gradient || node->inputs[i]->wants_gradient))
            TUFF_TRY(give_gradient(graph, node, i));
    node->has_backward = true;
    use_all(node, (int32_t)(2 * graph->node_count - 1 - index));
    return TUFF_OK;
}

tuff_status tuff_graph_differentiate(struct tuff_graph *graph, struct tuff_tensor *const *losses,
                                     size_t loss_count, struct tuff_tensor *d_loss) {
    mark_wants(graph);
    for (size_t i = 0; i < loss_count; i++)
        losses[i]->gradient = d_loss;
    for (size_t i = graph->node_count; i-- > 0;)
        TUFF_TRY(differentiate_node(graph, i));
    return TUFF_OK;
}

tuff_status tuff_graph_record_backward(const struct tuff_graph *graph, struct tuff_recording *recording) {
    for (size_t i = graph->node_count; i-- > 0;)
        if (graph->nodes[i].has_backward)
            TUFF_TRY(graph->nodes[i].op->backward(graph->device, recording, &graph->nodes[i]));
    return TUFF_OK;
}
