/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/workspace.h"

#include "base/memory.h"

void tuff_workspace_init(struct tuff_workspace *workspace, struct tuff_device *device) {
    *workspace = (struct tuff_workspace){ .device = device };
}

void tuff_workspace_free(struct tuff_workspace *workspace) {
    for (size_t i = 0; i < workspace->count; i++)
        tuff_arena_destroy(workspace->arenas[i]);
    tuff_free(workspace->arenas);
    tuff_free(workspace->blocks);
    struct tuff_device *device = workspace->device;
    tuff_workspace_init(workspace, device);
}

/* The old memory goes before the new comes, so that a grown block never needs both. */
static tuff_status grow_block(struct tuff_workspace *workspace, size_t block, uint64_t size) {
    tuff_arena_destroy(workspace->arenas[block]);
    workspace->arenas[block] = NULL;
    workspace->blocks[block] = (struct tuff_slice){ 0 };
    workspace->generation++;
    TUFF_TRY(
        tuff_arena_create(workspace->device, TUFF_MEMORY_DEVICE, "activations", &workspace->arenas[block]));
    return tuff_arena_take(workspace->arenas[block], size, &workspace->blocks[block]);
}

static tuff_status add_block(struct tuff_workspace *workspace) {
    size_t capacity = workspace->capacity;
    TUFF_TRY(tuff_reserve(&workspace->blocks, &capacity, workspace->count + 1, sizeof *workspace->blocks));
    capacity = workspace->capacity;
    TUFF_TRY(tuff_reserve(&workspace->arenas, &capacity, workspace->count + 1, sizeof *workspace->arenas));
    workspace->capacity = capacity;
    workspace->blocks[workspace->count] = (struct tuff_slice){ 0 };
    workspace->arenas[workspace->count++] = NULL;
    return TUFF_OK;
}

tuff_status tuff_workspace_fit(struct tuff_workspace *workspace, const uint64_t *sizes, size_t count) {
    while (workspace->count < count)
        TUFF_TRY(add_block(workspace));
    for (size_t i = 0; i < count; i++)
        if (workspace->blocks[i].size < sizes[i])
            TUFF_TRY(grow_block(workspace, i, sizes[i]));
    return TUFF_OK;
}

uint64_t tuff_workspace_size(const struct tuff_workspace *workspace) {
    uint64_t size = 0;
    for (size_t i = 0; i < workspace->count; i++)
        size += workspace->arenas[i] ? tuff_arena_size(workspace->arenas[i]) : 0;
    return size;
}
