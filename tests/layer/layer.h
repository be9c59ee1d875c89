/* SPDX-License-Identifier: Apache-2.0 */
/* What a test says to the layer of its process and hears from it. The layer is a shared library that the Vulkan
 * loader loads; a test reaches the same copy with dlopen and asks for `tuff_layer`. */
#ifndef TUFF_TESTS_LAYER_H
#define TUFF_TESTS_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

enum { LAYER_MAX_KINDS = 24 };

struct tuff_layer {
    /* What fails, from call `fail_at` (from 1) of `fail_function` on, `fail_times` calls long; with
     * `fail_every_other` the first, third, fifth and so on. NULL: nothing fails. A device that was lost stays
     * lost. `calls` counts the calls of that function since it was set, `failures` those that failed. */
    const char *fail_function;
    uint64_t fail_at;
    uint64_t fail_times;
    bool fail_every_other;
    VkResult fail_with;
    _Atomic uint64_t calls;
    _Atomic uint64_t failures;
    bool hides_coherence; /* no memory is coherent: the host has to flush and invalidate */
    /* Objects that exist, by the name of the function that makes them. */
    uint32_t kind_count;
    const char *kinds[LAYER_MAX_KINDS];
    _Atomic int64_t live[LAYER_MAX_KINDS];
};

/* The state of this process. */
typedef struct tuff_layer *(*tuff_layer_function)(void);

#endif
