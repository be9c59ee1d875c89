/* SPDX-License-Identifier: Apache-2.0 */
/* Devices, and the contexts that hold one: opened here, or borrowed from a program that draws with it. Part of tuff.h. */
#ifndef TUFF_CONTEXT_H
#define TUFF_CONTEXT_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tuff_device_type {
    TUFF_DEVICE_OTHER = 0,
    TUFF_DEVICE_INTEGRATED = 1,
    TUFF_DEVICE_DISCRETE = 2,
    TUFF_DEVICE_VIRTUAL = 3,
    TUFF_DEVICE_CPU = 4
} tuff_device_type;

/* One Vulkan device as it presents itself. */
typedef struct tuff_device_info {
    uint32_t index;
    tuff_device_type type;
    char name[256];
    char driver[256]; /* name and version text of the driver */
    char uuid[33];    /* of the device, hexadecimal */
    char driver_uuid[33];
    uint32_t vendor_id;
    uint32_t device_id;
    uint32_t driver_version;
    uint32_t api_version;    /* as Vulkan packs it */
    uint64_t memory;         /* bytes of the largest device-local heap */
    uint64_t max_allocation; /* maxMemoryAllocationSize */
    uint64_t max_storage_range;
    uint32_t max_shared_memory;
    uint32_t max_invocations;
    uint32_t max_storage_buffers;
    uint32_t min_subgroup_size;
    uint32_t max_subgroup_size;
    char features[512]; /* comma-separated names of those that tuff would use */
    char refusal[256];  /* why tuff cannot use the device; empty if it can */
} tuff_device_info;

/* Fills `infos` (room for `capacity`) and tells how many devices there are. TUFF_NO_DEVICE where there is no
 * Vulkan loader; a loader without devices gives a count of 0. */
TUFF_API tuff_status tuff_devices(tuff_device_info *infos, size_t capacity, size_t *out_count);

/* A device with its queue, pipelines and memory. Any number may live in a process. Functions that take a
 * context or what was made from it may be called from several threads; work takes turns on the queue. */
typedef struct tuff_context tuff_context;

typedef struct tuff_context_options {
    size_t size;
    const char *device;       /* index, part of the name, or UUID; NULL: TUFF_DEVICE from the environment,
                               * else the best: discrete, integrated, virtual, CPU */
    const char *disable;      /* comma-separated features to leave unused (their names are in
                               * tuff_device_info); added to TUFF_DISABLE from the environment */
    const char *cache_folder; /* pipelines and tuning results; NULL: tuff in the user's cache folder,
                               * "": none */
    tuff_log_callback log;    /* NULL: silent */
    void *log_user;
    tuff_log_level log_level;
    const tuff_allocator *allocator; /* NULL: malloc and free */
    bool validation;                 /* run under VK_LAYER_KHRONOS_validation; TUFF_NO_DEVICE if absent */
    bool profile;                    /* time each kernel with timestamps */
    bool gives_way; /* ask for a queue of low priority, where the device has such; not of a lent device */
    /* what one submit may cost, in multiply-adds or words moved; 0: about a tenth of a second
     * on a weak device of its type. A submit holds one workgroup at least: some ten million */
    uint64_t submit_cost;
    /* bytes of device memory that the context may hold; 0: what the device has. Batches
     * shrink to fit */
    uint64_t memory_limit;
    /* asked before each submit, by the thread that is about to make it;
     * may wait, so that work comes when it suits. NULL: none */
    void (*submit)(void *user, uint64_t cost);
    void *submit_user;
} tuff_context_options;
#define TUFF_CONTEXT_OPTIONS                                                                                 \
    {                                                                                                        \
        sizeof(tuff_context_options), NULL, NULL, NULL, NULL, NULL, TUFF_LOG_WARNING, NULL, false, false,    \
            false, 0, 0, NULL, NULL                                                                          \
    }

/* TUFF_NO_DEVICE if no device fits (the message says why each was refused, or which package has a CPU driver),
 * TUFF_ARGUMENT for an unknown name. */
TUFF_API tuff_status tuff_context_create(const tuff_context_options *options, tuff_context **out_context);
TUFF_API void tuff_context_destroy(tuff_context *context);
TUFF_API void tuff_context_device(const tuff_context *context, tuff_device_info *out_info);

/* ---- a device of the program's own
 *
 * A program that already uses Vulkan lends its device instead of having a second one. This header needs no vulkan.h:
 * handles are void pointers, and vkGetInstanceProcAddr is cast to tuff_function. */

typedef void (*tuff_function)(void);

typedef struct tuff_vulkan_device {
    size_t size;
    tuff_function get_instance_proc_addr; /* (tuff_function)vkGetInstanceProcAddr */
    uint32_t api_version;  /* that the instance was made for: VkApplicationInfo.apiVersion; 1.1 or newer */
    void *instance;        /* VkInstance */
    void *physical_device; /* VkPhysicalDevice */
    void *device;          /* VkDevice */
    void *queue;           /* VkQueue, of a family that computes */
    uint32_t queue_family;
    /* the VkDeviceCreateInfo that the device was made with, or one like it: tuff uses the
     * extensions and features that are enabled there, whatever else the device has. Read
     * during the call */
    const void *device_create_info;
    /* Called around every use of the queue, from any thread; they must not call tuff. Both NULL: nobody else
     * uses the queue while tuff works. */
    void (*lock)(void *user);
    void (*unlock)(void *user);
    void *user;
} tuff_vulkan_device;
#define TUFF_VULKAN_DEVICE                                                                                   \
    { sizeof(tuff_vulkan_device), NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL }

/* A context on the caller's device, which stays the caller's and outlives the context. Of the options `device` is not
 * read; `validation` is TUFF_ARGUMENT, since layers are the instance's. TUFF_ARGUMENT where a handle is missing,
 * TUFF_UNSUPPORTED where the device is below what tuff needs. */
TUFF_API tuff_status tuff_context_borrow(const tuff_vulkan_device *device,
                                         const tuff_context_options *options, tuff_context **out_context);

/* After TUFF_DEVICE_LOST: opens the device anew with the options of the context (`device` is NULL), or takes another one of
 * the caller's where it was lent, and brings back what was made from it under the same handles: models from their files,
 * trainers from their last checkpoint (tuff_trainer_checkpoint, tuff_trainer_resume) or, without one, from their folder.
 * Buffers from tuff_shared_buffer_open are closed before. Nothing else may use the context meanwhile. Where it fails the
 * context stays lost and the call may be repeated. */
TUFF_API tuff_status tuff_context_reopen(tuff_context *context, const tuff_vulkan_device *device);

/* What tuff would like of a physical device, for whoever is about to make a VkDevice. Nothing of it is needed. */
typedef struct tuff_vulkan_wishes tuff_vulkan_wishes;

/* `disable` as in tuff_context_options. TUFF_UNSUPPORTED says why tuff cannot use the device. */
TUFF_API tuff_status tuff_vulkan_wishes_read(tuff_function get_instance_proc_addr, void *instance,
                                             void *physical_device, uint32_t api_version, const char *disable,
                                             tuff_vulkan_wishes **out_wishes);
TUFF_API void tuff_vulkan_wishes_free(tuff_vulkan_wishes *wishes);
/* Names of device extensions, valid until the wishes are freed. */
TUFF_API const char *const *tuff_vulkan_wishes_extensions(const tuff_vulkan_wishes *wishes,
                                                          size_t *out_count);
/* A VkPhysicalDeviceFeatures2 with structs of single extensions linked to it (none that gathers a Vulkan version), fit to
 * be VkDeviceCreateInfo's pNext; valid until the wishes are freed. A program with features of its own sets their union. */
TUFF_API const void *tuff_vulkan_wishes_features(const tuff_vulkan_wishes *wishes);
/* The family that tuff would take a queue of: one that only computes, where there is one. */
TUFF_API uint32_t tuff_vulkan_wishes_queue_family(const tuff_vulkan_wishes *wishes);

/* What the context has given to its queue. With `submit_cost` or `submit` among the options, the context waits for each
 * submit before it makes the next. */
typedef struct tuff_submit_report {
    uint64_t count;
    uint64_t largest_cost; /* of one submit */
    /* from a submit to its end, as the host saw it; 0 where submits are not waited for singly */
    double longest_ms;
    uint64_t memory; /* bytes of device memory that the context holds now */
} tuff_submit_report;
TUFF_API void tuff_context_submits(const tuff_context *context, tuff_submit_report *out_report);

/* Kernels that the device has run for this context. Pipelines that exist. */
TUFF_API uint64_t tuff_context_dispatch_count(const tuff_context *context);
TUFF_API size_t tuff_context_pipeline_count(const tuff_context *context);

/* The device's time that a kernel took, in a context that was opened with `profile`. */
typedef struct tuff_kernel_time {
    const char *kernel;
    const char *variant;
    uint64_t runs;
    double milliseconds; /* of all runs */
} tuff_kernel_time;

/* Fills `times` (room for `capacity`), in the order of first runs, and tells how many there are. */
TUFF_API tuff_status tuff_context_profile(const tuff_context *context, tuff_kernel_time *times,
                                          size_t capacity, size_t *out_count);

#ifdef __cplusplus
}
#endif

#endif
