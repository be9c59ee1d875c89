/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"

#include "base/memory.h"

tuff_status tuff_graph_create(struct tuff_device *device, bool is_training, struct tuff_graph **out_graph) {
    struct tuff_graph *graph = NULL;
    TUFF_TRY(tuff_alloc(1, sizeof *graph, &graph));
    graph->device = device;
    graph->is_training = is_training;
    *out_graph = graph;
    return TUFF_OK;
}

void tuff_graph_destroy(struct tuff_graph *graph) {
    if (!graph)
        return;
    tuff_recording_destroy(graph->recording);
    tuff_arena_destroy(graph->transfers);
    tuff_arena_destroy(graph->upload);
    tuff_arena_destroy(graph->download);
    for (size_t i = 0; i < graph->tensor_count; i++)
        tuff_free(graph->tensors[i]);
    tuff_free(graph->tensors);
    tuff_free(graph->nodes);
    tuff_free(graph->segments);
    tuff_free(graph->backward_nodes);
    tuff_free(graph->backward_steps);
    tuff_free(graph->inputs);
    tuff_free(graph->results);
    tuff_free(graph);
}

tuff_status tuff_graph_tensor(struct tuff_graph *graph, const char *name, struct tuff_shape shape,
                              struct tuff_tensor **out_tensor) {
    struct tuff_tensor *tensor = NULL;
    TUFF_TRY(tuff_reserve(&graph->tensors, &graph->tensor_capacity, graph->tensor_count + 1, sizeof(void *)));
    TUFF_TRY(tuff_alloc(1, sizeof *tensor, &tensor));
    *tensor = (struct tuff_tensor){ .name = name, .shape = shape, .first_use = -1, .last_use = -1 };
    graph->tensors[graph->tensor_count++] = tensor;
    *out_tensor = tensor;
    return TUFF_OK;
}

tuff_status tuff_graph_input(struct tuff_graph *graph, const char *name, struct tuff_shape shape,
                             struct tuff_tensor **out_tensor) {
    TUFF_TRY(tuff_reserve(&graph->inputs, &graph->input_capacity, graph->input_count + 1, sizeof(void *)));
    TUFF_TRY(tuff_graph_tensor(graph, name, shape, out_tensor));
    graph->inputs[graph->input_count++] = *out_tensor;
    return TUFF_OK;
}

tuff_status tuff_graph_feed(struct tuff_graph *graph, const char *name, struct tuff_shape shape,
                            struct tuff_tensor **out_tensor) {
    TUFF_TRY(tuff_graph_input(graph, name, shape, out_tensor));
    (*out_tensor)->is_fed = true;
    return TUFF_OK;
}

tuff_status tuff_graph_result(struct tuff_graph *graph, struct tuff_tensor *tensor) {
    for (size_t i = 0; i < graph->result_count; i++)
        if (graph->results[i] == tensor)
            return TUFF_OK;
    TUFF_TRY(tuff_reserve(&graph->results, &graph->result_capacity, graph->result_count + 1, sizeof(void *)));
    graph->results[graph->result_count++] = tensor;
    return TUFF_OK;
}

tuff_status tuff_graph_segment(struct tuff_graph *graph, size_t first) {
    TUFF_TRY(tuff_reserve(&graph->segments, &graph->segment_capacity, graph->segment_count + 1,
                          sizeof *graph->segments));
    graph->segments[graph->segment_count++] = (struct tuff_segment){ first, graph->node_count };
    return TUFF_OK;
}

void tuff_graph_keep(struct tuff_tensor *tensor) {
    tensor->last_use = INT32_MAX;
}

void tuff_graph_use(struct tuff_tensor *tensor, int32_t step) {
    if (!tensor)
        return;
    if (tensor->first_use < 0)
        tensor->first_use = step;
    if (tensor->last_use < step)
        tensor->last_use = step;
}

tuff_status tuff_graph_scratch(struct tuff_graph *graph, const struct tuff_node *node, bool is_backward,
                               struct tuff_tensor **out_tensor) {
    const struct tuff_shape shape = tuff_op_scratch(graph->device, node, is_backward);
    *out_tensor = NULL;
    return shape.rows > 0 ? tuff_graph_tensor(graph, "scratch", shape, out_tensor) : TUFF_OK;
}

tuff_status tuff_graph_append(struct tuff_graph *graph, const struct tuff_op *op,
                              const union tuff_params *params, struct tuff_tensor *const *inputs,
                              size_t input_count, struct tuff_tensor **out_first) {
    struct tuff_shape shapes[TUFF_MAX_OUTPUTS] = { 0 };
    TUFF_TRY(tuff_reserve(&graph->nodes, &graph->node_capacity, graph->node_count + 1, sizeof *graph->nodes));
    struct tuff_node *node = &graph->nodes[graph->node_count];
    *node = (struct tuff_node){ .op = op, .params = *params, .is_training = graph->is_training };
    for (size_t i = 0; i < input_count; i++)
        node->inputs[i] = inputs[i];
    TUFF_TRY(op->shape(graph->device, node, shapes));
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        if (shapes[i].rows > 0)
            TUFF_TRY(tuff_graph_tensor(graph, op->name, shapes[i], &node->outputs[i]));
    TUFF_TRY(tuff_graph_scratch(graph, node, false, &node->scratch));
    int32_t step = (int32_t)graph->node_count++;
    for (size_t i = 0; i < TUFF_MAX_INPUTS; i++)
        tuff_graph_use(node->inputs[i], step);
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        tuff_graph_use(node->outputs[i], step);
    tuff_graph_use(node->scratch, step);
    *out_first = node->outputs[0];
    return TUFF_OK;
}
