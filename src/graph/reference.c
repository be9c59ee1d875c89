/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/reference.h"

#include "base/memory.h"

static size_t count_of(const struct tuff_tensor *tensor) {
    return (size_t)tensor->shape.rows * tensor->shape.cols;
}

static tuff_status read_floats(struct tuff_device *device, struct tuff_tensor *tensor) {
    float *values = NULL;
    TUFF_TRY(tuff_alloc(count_of(tensor), sizeof *values, &values));
    tuff_status status = tuff_tensor_download(device, tensor, values);
    for (size_t i = 0; i < count_of(tensor) && status == TUFF_OK; i++)
        tensor->reference[i] = (double)values[i];
    tuff_free(values);
    return status;
}

/* What no node has made: an input of integers, which the host still has, or floats of the device. */
static tuff_status read_tensor(struct tuff_device *device, struct tuff_tensor *tensor) {
    TUFF_TRY(tuff_alloc(count_of(tensor), sizeof *tensor->reference, &tensor->reference));
    if (tensor->shape.type != TUFF_TYPE_I32)
        return read_floats(device, tensor);
    const int32_t *values = tuff_graph_input_bytes(tensor);
    for (size_t i = 0; i < count_of(tensor); i++)
        tensor->reference[i] = values[i];
    return TUFF_OK;
}

static bool makes(const struct tuff_node *node, const struct tuff_tensor *tensor) {
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        if (node->outputs[i] == tensor)
            return true;
    return false;
}

static tuff_status run_node(struct tuff_device *device, struct tuff_node *node) {
    for (size_t i = 0; i < TUFF_MAX_INPUTS; i++)
        if (node->inputs[i] && !node->inputs[i]->reference)
            TUFF_TRY(read_tensor(device, node->inputs[i]));
    for (size_t i = 0; i < TUFF_MAX_OUTPUTS; i++)
        if (node->outputs[i])
            TUFF_TRY(tuff_alloc(count_of(node->outputs[i]), sizeof(double), &node->outputs[i]->reference));
    node->op->reference_forward(node);
    return TUFF_OK;
}

tuff_status tuff_graph_reference(struct tuff_graph *graph, const struct tuff_tensor *last) {
    for (size_t i = 0; i < graph->node_count; i++) {
        TUFF_TRY(run_node(graph->device, &graph->nodes[i]));
        if (makes(&graph->nodes[i], last))
            return TUFF_OK;
    }
    return tuff_fail(TUFF_ARGUMENT, "no op of the graph makes the tensor");
}

static void drop(struct tuff_tensor *tensor) {
    if (!tensor)
        return;
    tuff_free(tensor->reference);
    tensor->reference = NULL;
}

void tuff_graph_reference_free(struct tuff_graph *graph) {
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t j = 0; j < TUFF_MAX_INPUTS; j++)
            drop(graph->nodes[i].inputs[j]);
        for (size_t j = 0; j < TUFF_MAX_OUTPUTS; j++)
            drop(graph->nodes[i].outputs[j]);
    }
}
