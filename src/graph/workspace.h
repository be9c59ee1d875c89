/* SPDX-License-Identifier: Apache-2.0 */
/* Device memory that graphs share: one graph runs at a time. It grows when a graph needs more, which makes
 * the recordings of all graphs stale: they compare their generation with the workspace's before they run. */
#ifndef TUFF_GRAPH_WORKSPACE_H
#define TUFF_GRAPH_WORKSPACE_H

#include "vk/memory.h"

struct tuff_workspace {
    struct tuff_device *device;
    struct tuff_slice *blocks;
    struct tuff_arena **arenas; /* one for each block */
    size_t count, capacity;
    uint32_t generation;
};

void tuff_workspace_init(struct tuff_workspace *workspace, struct tuff_device *device);
void tuff_workspace_free(struct tuff_workspace *workspace);
/* Makes block i at least sizes[i] bytes large. Nothing may be in flight. */
tuff_status tuff_workspace_fit(struct tuff_workspace *workspace, const uint64_t *sizes, size_t count);
uint64_t tuff_workspace_size(const struct tuff_workspace *workspace); /* bytes of memory held */

#endif
