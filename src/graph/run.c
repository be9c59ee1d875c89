/* SPDX-License-Identifier: Apache-2.0 */
/* Places the tensors of a graph, records it and runs it. */
#include "base/memory.h"
#include "graph/graph.h"
#include "graph/memory_plan.h"

static tuff_status place_transfers(struct tuff_graph *graph, struct tuff_tensor **tensors, size_t count,
                                   enum tuff_memory_kind kind, struct tuff_arena **staging_arena) {
    for (size_t i = 0; i < count; i++) {
        uint64_t size = tuff_shape_size(&tensors[i]->shape);
        TUFF_TRY(tuff_arena_take(graph->transfers, size, &tensors[i]->slice));
        if (tensors[i]->is_fed || tuff_slice_map(&tensors[i]->slice))
            continue;
        if (!*staging_arena)
            TUFF_TRY(tuff_arena_create(graph->device, kind, "transfers", staging_arena));
        TUFF_TRY(tuff_arena_take(*staging_arena, size, &tensors[i]->staging));
    }
    return TUFF_OK;
}

static void forget_transfers(struct tuff_graph *graph) {
    struct tuff_arena **arenas[] = { &graph->transfers, &graph->upload, &graph->download };
    for (size_t i = 0; i < graph->input_count; i++)
        graph->inputs[i]->slice = graph->inputs[i]->staging = (struct tuff_slice){ 0 };
    for (size_t i = 0; i < graph->result_count; i++)
        graph->results[i]->slice = graph->results[i]->staging = (struct tuff_slice){ 0 };
    for (size_t i = 0; i < sizeof arenas / sizeof arenas[0]; i++) {
        tuff_arena_destroy(*arenas[i]);
        *arenas[i] = NULL;
    }
}

/* Inputs and results keep their place for the graph's life: the host may write inputs before the rest is
 * placed. All of them have one, or none: a graph of which a part was placed would run on what is in memory. */
static tuff_status place_all_transfers(struct tuff_graph *graph) {
    if (graph->transfers)
        return TUFF_OK;
    TUFF_TRY(tuff_arena_create(graph->device, TUFF_MEMORY_DEVICE, "inputs and results", &graph->transfers));
    tuff_status status =
        place_transfers(graph, graph->inputs, graph->input_count, TUFF_MEMORY_UPLOAD, &graph->upload);
    if (status == TUFF_OK)
        status = place_transfers(graph, graph->results, graph->result_count, TUFF_MEMORY_DOWNLOAD,
                                 &graph->download);
    if (status != TUFF_OK)
        forget_transfers(graph);
    return status;
}

static bool is_planned(const struct tuff_tensor *tensor) {
    return !tensor->slice.buffer && tensor->first_use >= 0;
}

/* Everything that is neither input nor result shares the workspace by its lifetime. */
static tuff_status place_activations(struct tuff_graph *graph, struct tuff_workspace *workspace) {
    struct tuff_plan_item *items = NULL;
    uint64_t *block_sizes = NULL;
    size_t block_count = 0;
    size_t count = 0;
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(tuff_alloc(graph->tensor_count, sizeof *items, &items));
    for (size_t i = 0; i < graph->tensor_count; i++)
        if (is_planned(graph->tensors[i]))
            items[count++] = (struct tuff_plan_item){ .size = tuff_shape_size(&graph->tensors[i]->shape),
                                                      .first_step = graph->tensors[i]->first_use,
                                                      .last_step = graph->tensors[i]->last_use };
    TUFF_TRY_GOTO(tuff_memory_plan(items, count, graph->device->limits.max_storage_range,
                                   tuff_slice_alignment(graph->device), &block_sizes, &block_count));
    TUFF_TRY_GOTO(tuff_workspace_fit(workspace, block_sizes, block_count));
    count = 0;
    for (size_t i = 0; i < graph->tensor_count; i++) {
        struct tuff_tensor *tensor = graph->tensors[i];
        if (!is_planned(tensor))
            continue;
        const struct tuff_plan_item *item = &items[count++];
        const struct tuff_slice *block = &workspace->blocks[item->block];
        tensor->slice = (struct tuff_slice){ block->buffer, block->offset + item->offset, item->size };
        tensor->is_in_workspace = true;
    }
done:
    tuff_free(items);
    tuff_free(block_sizes);
    return status;
}

static tuff_status append_all(struct tuff_graph *graph, struct tuff_recording *recording) {
    for (size_t i = 0; i < graph->input_count; i++)
        if (graph->inputs[i]->staging.buffer)
            TUFF_TRY(tuff_record_copy(recording, graph->inputs[i]->slice, graph->inputs[i]->staging));
    for (size_t i = 0; i < graph->node_count; i++)
        TUFF_TRY(graph->nodes[i].op->forward(graph->device, recording, &graph->nodes[i]));
    TUFF_TRY(tuff_graph_record_backward(graph, recording));
    for (size_t i = 0; i < graph->result_count; i++)
        if (graph->results[i]->staging.buffer)
            TUFF_TRY(tuff_record_copy(recording, graph->results[i]->staging, graph->results[i]->slice));
    return tuff_recording_end(recording);
}

/* Pipelines first, all at once: one after the other they would be most of a program's start. */
static tuff_status record(struct tuff_graph *graph) {
    struct tuff_recording *survey = NULL;
    TUFF_TRY(tuff_recording_create_survey(graph->device, &survey));
    tuff_status status = append_all(graph, survey);
    tuff_recording_destroy(survey);
    TUFF_TRY(status);
    TUFF_TRY(tuff_recording_create(graph->device, &graph->recording));
    return append_all(graph, graph->recording);
}

/* What the workspace held; inputs and results have a place of their own. */
static void forget_activations(struct tuff_graph *graph) {
    for (size_t i = 0; i < graph->tensor_count; i++)
        if (graph->tensors[i]->is_in_workspace)
            graph->tensors[i]->slice = (struct tuff_slice){ 0 };
}

tuff_status tuff_graph_prepare(struct tuff_graph *graph, struct tuff_workspace *workspace) {
    TUFF_TRY(place_all_transfers(graph));
    if (graph->recording && graph->workspace == workspace && graph->generation == workspace->generation)
        return TUFF_OK;
    tuff_recording_destroy(graph->recording);
    graph->recording = NULL;
    forget_activations(graph);
    TUFF_TRY(place_activations(graph, workspace));
    tuff_status status = record(graph);
    if (status != TUFF_OK) {
        tuff_recording_destroy(graph->recording);
        graph->recording = NULL;
        return status;
    }
    tuff_log_write(&graph->device->log, TUFF_LOG_DEBUG, "%llu bytes of device memory for activations",
                   (unsigned long long)tuff_workspace_size(workspace));
    graph->workspace = workspace;
    graph->generation = workspace->generation;
    return TUFF_OK;
}

/* What the host sees of an input or result. */
static const struct tuff_slice *host_side(const struct tuff_tensor *tensor) {
    return tensor->staging.buffer ? &tensor->staging : &tensor->slice;
}

void *tuff_graph_input_bytes(const struct tuff_tensor *tensor) {
    return tuff_slice_map(host_side(tensor));
}

const void *tuff_graph_result_bytes(const struct tuff_tensor *tensor) {
    return tuff_slice_map(host_side(tensor));
}

tuff_status tuff_graph_run(struct tuff_graph *graph, bool (*keep_going)(void *user), void *user) {
    for (size_t i = 0; i < graph->input_count; i++)
        if (!graph->inputs[i]->is_fed)
            TUFF_TRY(tuff_slice_flush(host_side(graph->inputs[i])));
    TUFF_TRY(tuff_recording_run(graph->recording, keep_going, user));
    for (size_t i = 0; i < graph->result_count; i++)
        TUFF_TRY(tuff_slice_invalidate(host_side(graph->results[i])));
    return TUFF_OK;
}
