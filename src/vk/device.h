/* SPDX-License-Identifier: Apache-2.0 */
/* An open device: the choice among those there are, its limits and features, one compute queue. */
#ifndef TUFF_VK_DEVICE_H
#define TUFF_VK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/thread.h"
#include "base/worker.h"
#include "vk/features.h"
#include "vk/instance.h"
#include "vk/kernel.h"
#include "vk/memory.h"

/* One matrix shape that VK_KHR_cooperative_matrix lists at subgroup scope, or VK_NV_cooperative_matrix2 at workgroup scope,
 * its sums not saturating. */
struct tuff_matrix_shape {
    uint32_t m, n, k;                        /* at workgroup scope matrices are of any multiple */
    uint32_t invocations;                    /* of the workgroup; 0: at subgroup scope */
    int a_type, b_type, c_type, result_type; /* VkComponentTypeKHR, which old headers lack */
};

struct tuff_limits {
    uint64_t max_storage_range;
    uint64_t max_allocation; /* also of one buffer */
    uint64_t storage_alignment;
    uint64_t atom_size;         /* of flushes of memory that is not coherent */
    uint32_t max_shared_memory; /* bytes a workgroup */
    uint32_t max_invocations;   /* a workgroup */
    uint32_t max_workgroup_size[3];
    uint32_t max_workgroup_count[3];
    uint32_t max_storage_buffers; /* a stage */
    uint32_t max_push_size;
    uint32_t subgroup_size;     /* as the device reports it */
    uint32_t min_subgroup_size; /* with subgroup_size_control; else subgroup_size */
    uint32_t max_subgroup_size;
    uint32_t max_subgroups;          /* of a size that was asked for, a workgroup */
    uint32_t max_matrix_dimension;   /* at workgroup scope */
    uint32_t matrix_reserved_memory; /* shared memory that matrices at workgroup scope take for themselves */
    bool has_fast_dot;               /* four products of mixed signs in one instruction */
    bool keeps_branches;             /* its compiler leaves in what specialization constants rule out */
    float timestamp_period;          /* nanoseconds; 0: no timestamps on the queue */
};

struct tuff_pipelines; /* pipelines by kernel, variant and constants; vk/pipeline.h */
struct tuff_staging;   /* the road to memory that the host cannot map; vk/staging.h */
struct tuff_profile;   /* time per kernel; vk/profile.h */
struct tuff_decisions; /* what was measured here; vk/decisions.h */

/* What was made from a device and can be brought back on another. Models and trainers begin with one. */
struct tuff_member {
    void (*leave)(struct tuff_member *member); /* frees all that lies on the device */
    tuff_status (*come_back)(
        struct tuff_member *member); /* makes it anew; after a failure, `leave` has been done */
    struct tuff_member *next, *previous;
};

/* When submits come, and how large. */
struct tuff_pace {
    uint64_t submit_cost; /* bound of one; 0: by the device's type */
    void (*submit)(void *user, uint64_t cost);
    void *user;
};

/* Functions of a caller who lends the queue; NULL: none. */
struct tuff_queue_guard {
    void (*lock)(void *user);
    void (*unlock)(void *user);
    void *user;
};

struct tuff_device {
    struct tuff_instance *instance;
    VkPhysicalDevice physical;
    VkDevice handle;
    uint32_t api_version;         /* of Vulkan, that may be used */
    struct VolkDeviceTable table; /* the only way to device functions */
    VkQueue queue;
    uint32_t queue_family;
    bool has_queue;                /* tuff_queue_open went well so far */
    bool is_lent;                  /* handle and queue are the caller's, who destroys them */
    struct tuff_mutex queue_lock;  /* held around every use of the queue */
    struct tuff_queue_guard guard; /* the caller's own lock of it */
    VkSemaphore timeline;          /* counts submits; with timeline_semaphore */
    uint64_t timeline_value;       /* of the last submit; under queue_lock */
    struct tuff_features features; /* enabled */
    struct tuff_limits limits;
    tuff_device_info info;
    struct tuff_matrix_shape *matrix_shapes;
    uint32_t matrix_shape_count;
    /* what checks multiply with; NULL: the usual choice */
    const struct tuff_matrix_shape *forced_matrix_shape;
    VkPhysicalDeviceMemoryProperties memory;
    _Atomic uint64_t heap_used[VK_MAX_MEMORY_HEAPS]; /* bytes held by arenas */
    _Atomic uint64_t memory_used;                    /* of all heaps */
    uint64_t memory_limit;
    struct tuff_pipelines *pipelines;
    struct tuff_staging *staging;
    struct tuff_profile *profile;
    struct tuff_decisions *decisions;
    struct tuff_log log;
    struct tuff_worker *worker; /* for work that nobody waits for at once */
    struct tuff_mutex member_lock;
    struct tuff_member *members;
    uint64_t submit_cost;   /* cost units (struct tuff_grid) that one submit may hold */
    uint64_t dispatch_cost; /* and one dispatch */
    struct tuff_pace pace;
    bool is_paced; /* each submit is waited for before the next */
    _Atomic uint64_t submit_count;
    _Atomic uint64_t largest_cost;   /* of a submit */
    _Atomic uint64_t longest_ns;     /* that a submit was waited for, where paced */
    _Atomic uint64_t dispatch_count; /* kernels run so far */
    _Atomic bool is_lost;
    bool is_profiling;
};

/* What a device is opened with; as in tuff_context_options, environment already merged. Texts are not kept.
 */
struct tuff_device_options {
    const char *device;
    const char *disable;
    const char *cache_folder; /* NULL: nothing is kept */
    bool validation;
    bool profile;
    struct tuff_log log;
    const tuff_vulkan_device *lent; /* NULL: a device is chosen and made */
    bool gives_way;                 /* a queue of low priority */
    uint64_t memory_limit;          /* bytes; 0: none */
    struct tuff_pace pace;
};

/* TUFF_ARGUMENT where `device` or `disable` names what is not there, TUFF_NO_DEVICE where no device can be
 * used: the sentence says why each was refused. */
tuff_status tuff_device_open(const struct tuff_device_options *options, struct tuff_device **out_device);
void tuff_device_join(struct tuff_device *device, struct tuff_member *member);
void tuff_device_part(struct tuff_device *device, struct tuff_member *member);
/* Lets all members leave, closes what the device was, opens it anew under the same address and brings the members back.
 * Where that fails the device is lost. Nothing else uses it. */
tuff_status tuff_device_reopen(struct tuff_device *device, const struct tuff_device_options *options);
/* NULL is fine. Every arena and recording is gone before. */
void tuff_device_close(struct tuff_device *device);
/* Fills up to `capacity` infos. */
tuff_status tuff_device_list(tuff_device_info *infos, size_t capacity, size_t *out_count);
/* Whether the device can run a variant that needs `needs` (enum tuff_need). */
bool tuff_device_can(const struct tuff_device *device, uint32_t needs);
/* Warnings and errors of the validation layer so far. */
uint64_t tuff_device_message_count(const struct tuff_device *device);
/* Turns a failed VkResult into a status with a sentence naming `what`; latches a lost device. VK_SUCCESS is
 * TUFF_OK. */
tuff_status tuff_device_result(struct tuff_device *device, VkResult result, const char *what);

#endif
