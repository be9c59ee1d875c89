/* SPDX-License-Identifier: Apache-2.0 */
/* Each Vulkan function that tuff calls is made to fail: at its first call of a run, at its second, and so on
 * until a run meets no failure. The status is the right one, the step that failed succeeds when it is tried
 * again (on a lost device: after everything was closed and opened anew), results are those of a healthy device,
 * and no object is left. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "failure/scenario.h"
#include "layer/calls.h"
#include "support/folder.h"
#include "support/layer.h"

enum { MOST_TRIES = 200 };

#define HOST VK_ERROR_OUT_OF_HOST_MEMORY
#define DEVICE VK_ERROR_OUT_OF_DEVICE_MEMORY
#define LOST VK_ERROR_DEVICE_LOST

/* The small device needs what other devices have no use for: fences, descriptor sets, staging, flushes. */
enum place { ALL, SMALL, TIMED, VALIDATED };
static const char small_device[] = "timeline_semaphore,push_descriptor,mapped_memory,memory_budget";

/* What fails, with which results in turn, and where. */
struct row {
    const char *function;
    VkResult results[2];
    enum place place;
    bool is_cached; /* what succeeded is not called again, so that every other call can fail in one run */
    bool may_pass;  /* tuff has another way, or does without */
    bool is_rare;   /* not every driver has it */
    uint64_t times; /* failures in a row; 0: one */
};

/* A lent device is there already. */
static const struct row device_rows[] = {
    { "vkCreateInstance", { HOST, VK_ERROR_INITIALIZATION_FAILED } },
    { "vkEnumeratePhysicalDevices", { HOST, HOST } },
    { "vkEnumerateDeviceExtensionProperties", { HOST, HOST }, .may_pass = true },
    { "vkEnumerateInstanceExtensionProperties", { HOST, HOST }, .may_pass = true },
    { "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR",
      { HOST, HOST },
      .may_pass = true,
      .is_rare = true },
    { "vkCreateDevice", { HOST, DEVICE } },
    { "vkCreateDevice", { VK_ERROR_INITIALIZATION_FAILED, VK_ERROR_INITIALIZATION_FAILED } },
};
static const struct row memory_rows[] = {
    { "vkCreateSemaphore", { HOST, DEVICE } },
    { "vkCreateBuffer", { HOST, DEVICE }, .may_pass = true, .times = 2 },
    { "vkAllocateMemory", { HOST, DEVICE }, .may_pass = true, .times = 2 },
    { "vkAllocateMemory", { DEVICE, HOST }, .may_pass = true },
    { "vkBindBufferMemory", { HOST, DEVICE }, .may_pass = true },
    { "vkMapMemory", { HOST, DEVICE }, .may_pass = true },
    { "vkCreateCommandPool", { HOST, DEVICE } },
    { "vkAllocateCommandBuffers", { HOST, DEVICE } },
    { "vkBeginCommandBuffer", { HOST, DEVICE } },
    { "vkEndCommandBuffer", { HOST, DEVICE } },
    { "vkQueueSubmit", { HOST, DEVICE } },
    { "vkWaitSemaphores", { HOST, DEVICE }, .may_pass = true, .times = 2 },
    { "vkWaitSemaphores", { VK_TIMEOUT, VK_TIMEOUT }, .may_pass = true },
};
static const struct row pipeline_rows[] = {
    { "vkCreatePipelineCache", { HOST, DEVICE } },
    { "vkGetPipelineCacheData", { HOST, DEVICE }, .may_pass = true },
    { "vkCreateDescriptorSetLayout", { HOST, DEVICE }, .is_cached = true },
    { "vkCreatePipelineLayout", { HOST, DEVICE }, .is_cached = true },
    { "vkCreateShaderModule", { HOST, DEVICE }, .is_cached = true },
    { "vkCreateComputePipelines", { HOST, DEVICE }, .is_cached = true },
};
static const struct row lost_rows[] = {
    { "vkQueueSubmit", { LOST, LOST } },
    { "vkWaitSemaphores", { LOST, LOST } },
};
static const struct row small_rows[] = {
    { "vkCreateFence", { HOST, DEVICE }, SMALL },
    { "vkResetFences", { DEVICE, DEVICE }, SMALL },
    { "vkWaitForFences", { HOST, DEVICE }, SMALL, .may_pass = true, .times = 2 },
    { "vkWaitForFences", { VK_TIMEOUT, VK_TIMEOUT }, SMALL, .may_pass = true },
    { "vkWaitForFences", { LOST, LOST }, SMALL },
    { "vkCreateDescriptorPool", { HOST, DEVICE }, SMALL },
    { "vkAllocateDescriptorSets", { HOST, VK_ERROR_OUT_OF_POOL_MEMORY }, SMALL },
    { "vkFlushMappedMemoryRanges", { HOST, DEVICE }, SMALL },
    { "vkInvalidateMappedMemoryRanges", { HOST, DEVICE }, SMALL },
};
static const struct row other_rows[] = {
    { "vkCreateQueryPool", { HOST, DEVICE }, TIMED },
    { "vkGetQueryPoolResults", { HOST, DEVICE }, TIMED },
    { "vkGetQueryPoolResults", { LOST, LOST }, TIMED },
    { "vkCreateDebugUtilsMessengerEXT", { HOST, HOST }, VALIDATED },
    { "vkEnumerateInstanceLayerProperties", { HOST, HOST }, VALIDATED },
};

/* Not failed here, and why that is enough. */
static const char *const left_out[] = {
    "vkWaitSemaphoresKHR",     /* the same call under its older name */
    "vkGetDeviceFaultInfoEXT", /* of drivers with VK_EXT_device_fault; its failure means one message less */
    /* tuff pipelines prints what they tell; without it, a row has less to print. */
    "vkGetPipelineExecutablePropertiesKHR",
    "vkGetPipelineExecutableStatisticsKHR",
    "vkGetPipelineExecutableInternalRepresentationsKHR",
    /* Of drivers with VK_NV_cooperative_matrix2; its failure is one of vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR's. */
    "vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV",
};

static struct tuff_layer *layer;
static char folder[TEST_PATH_SIZE];
static float healthy[LENT_NUMBERS];

static void set_up(void) {
    layer = test_layer();
    test_folder_make(folder);
}

static void tear_down(void) {
    test_folder_remove(folder);
}

TestSuite(failure_vulkan, .init = set_up, .fini = tear_down, .timeout = 2400);

static tuff_status status_of(VkResult result) {
    switch (result) {
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return TUFF_HOST_MEMORY;
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
        return TUFF_DEVICE_MEMORY;
    case VK_ERROR_DEVICE_LOST:
        return TUFF_DEVICE_LOST;
    case VK_ERROR_INITIALIZATION_FAILED:
        return TUFF_NO_DEVICE;
    default:
        return TUFF_OK;
    }
}

static void check_vectors(const struct scenario *scenario, const char *where) {
    for (size_t i = 0; i < sizeof healthy / sizeof *healthy; i++)
        cr_assert_float_eq(scenario->vectors[i], healthy[i], 1e-5, "%s: another embedding", where);
}

/* Every step that needs the device says that it is lost, and does not wait for it. */
static void check_lost(struct scenario *scenario, const char *where) {
    const struct scenario_step *step;
    for (size_t i = 0; (step = scenario_step(scenario, i)); i++)
        if (step->is_open(scenario))
            cr_assert_eq(step->run(scenario), TUFF_DEVICE_LOST, "%s: %s after the loss: %s", where,
                         step->name, tuff_error_message());
}

/* The step, tried until it succeeds; false: the device is lost. */
static bool pass(struct scenario *scenario, const struct scenario_step *step, const struct row *row,
                 VkResult result, const char *where) {
    const char *name = step->name;
    tuff_status expected = status_of(result);
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        uint64_t before = layer->failures;
        tuff_status status = step->run(scenario);
        /* Where device memory ends, a batch is computed in smaller pieces, and the caller's semaphore is tried again;
         * results are checked all the same. */
        if (status == TUFF_OK && !row->may_pass && !scenario->is_lent && expected != TUFF_DEVICE_MEMORY)
            cr_assert_eq(layer->failures, before, "%s: %s hides it", where, name);
        if (status == TUFF_OK)
            return true;
        cr_assert_gt(layer->failures, before, "%s: %s: %s", where, name, tuff_error_message());
        cr_assert(row->place == VALIDATED || status == expected, "%s: %s: status %d: %s", where, name,
                  (int)status, tuff_error_message());
        if (status == TUFF_DEVICE_LOST)
            return false;
        cr_assert(row->is_cached || row->times > 1 || tries == 0, "%s: %s fails again", where, name);
    }
    cr_assert_fail("%s: %s never succeeds", where, name);
    return false;
}

/* One run; gives how many calls failed. A healthy one came before it, so that drivers have opened what they keep open. */
static uint64_t run_once(struct scenario *scenario, const struct row *row, uint64_t at, const char *where) {
    const VkResult result = row->results[(at - 1) % 2];
    const struct scenario_step *step;
    bool is_lost = false;
    int files = test_open_files();
    scenario_open(scenario);
    test_layer_fail(layer, row->function, at, result);
    layer->fail_times = row->times ? row->times : 1;
    layer->fail_every_other = row->is_cached;
    for (size_t i = 0; !is_lost && (step = scenario_step(scenario, i)); i++)
        is_lost = !pass(scenario, step, row, result, where);
    if (is_lost)
        check_lost(scenario, where);
    scenario_close(scenario);
    uint64_t failures = layer->failures;
    test_layer_check_empty(layer, where);
    cr_assert_eq(test_open_files(), files, "%s: a file stays open", where);
    if (is_lost) {
        test_layer_heal(layer);
        scenario_run(scenario);
    }
    check_vectors(scenario, where);
    return failures;
}

static void run_row(struct scenario *scenario, const struct row *row) {
    uint64_t failures = 0;
    uint64_t total = 0;
    uint64_t at = 1;
    do {
        char where[256];
        snprintf(where, sizeof where, "call %d of %s gives %d", (int)at, row->function,
                 (int)row->results[(at - 1) % 2]);
        test_layer_heal(layer);
        failures = run_once(scenario, row, at, where);
        total += failures;
        at += 1 + at / 8; /* the hundredth upload is like the ninetieth */
    } while (row->is_cached ? at <= 2 : failures > 0);
    fprintf(stderr, "%s: %d failures\n", row->function, (int)total);
    cr_assert(total > 0 || row->is_rare, "%s was not called", row->function);
}

static void run_rows(const struct row *rows, size_t count, enum place place, bool is_lent) {
    struct scenario scenario = {
        .is_lent = is_lent,
        .output = folder,
        .cache_folder = folder,
        .disable = place == SMALL ? small_device : NULL,
        .profile = place == TIMED,
        .validation = place == VALIDATED,
    };
    layer->hides_coherence = place == SMALL;
    test_layer_heal(layer);
    scenario_run(&scenario);
    test_layer_check_empty(layer, "a healthy run");
    memcpy(healthy, scenario.vectors, sizeof healthy);
    for (size_t i = 0; i < count; i++)
        if (rows[i].place == place)
            run_row(&scenario, &rows[i]);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

Test(failure_vulkan, no_device) {
    run_rows(device_rows, COUNT(device_rows), ALL, false);
}

Test(failure_vulkan, no_memory_for_what_runs) {
    run_rows(memory_rows, COUNT(memory_rows), ALL, false);
}

Test(failure_vulkan, no_memory_for_pipelines) {
    run_rows(pipeline_rows, COUNT(pipeline_rows), ALL, false);
}

Test(failure_vulkan, a_lost_device) {
    run_rows(lost_rows, COUNT(lost_rows), ALL, false);
}

Test(failure_vulkan, a_small_device) {
    run_rows(small_rows, COUNT(small_rows), SMALL, false);
}

Test(failure_vulkan, a_device_that_is_timed) {
    run_rows(other_rows, COUNT(other_rows), TIMED, false);
}

Test(failure_vulkan, a_device_under_validation) {
    run_rows(other_rows, COUNT(other_rows), VALIDATED, false);
}

Test(failure_vulkan, no_memory_for_tokens_of_a_lent_device) {
    run_rows(memory_rows, COUNT(memory_rows), ALL, true);
    run_rows(pipeline_rows, COUNT(pipeline_rows), ALL, true);
}

Test(failure_vulkan, a_lent_device_is_lost) {
    run_rows(lost_rows, COUNT(lost_rows), ALL, true);
}

Test(failure_vulkan, a_small_device_is_lent) {
    run_rows(small_rows, COUNT(small_rows), SMALL, true);
}

/* ---------------------------------------------------------------- that nothing was forgotten */

static bool is_in(const char *name, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].function, name) == 0)
            return true;
    return false;
}

static bool is_tested(const char *name) {
    for (size_t i = 0; i < COUNT(left_out); i++)
        if (strcmp(left_out[i], name) == 0)
            return true;
    return is_in(name, device_rows, COUNT(device_rows)) || is_in(name, memory_rows, COUNT(memory_rows)) ||
           is_in(name, pipeline_rows, COUNT(pipeline_rows)) || is_in(name, lost_rows, COUNT(lost_rows)) ||
           is_in(name, small_rows, COUNT(small_rows)) || is_in(name, other_rows, COUNT(other_rows));
}

/* Functions that give nothing back, or nothing that could tell of a failure. */
static bool cannot_fail(const char *name) {
    static const char *const starts[] = { "vkCmd",
                                          "vkDestroy",
                                          "vkFree",
                                          "vkUpdateDescriptorSets",
                                          "vkGetPhysicalDeviceProperties",
                                          "vkGetPhysicalDeviceFeatures",
                                          "vkGetPhysicalDeviceMemoryProperties",
                                          "vkGetPhysicalDeviceQueueFamilyProperties",
                                          "vkGetDeviceQueue",
                                          "vkGetBufferMemoryRequirements",
                                          "vkGetBufferDeviceAddress",
                                          "vkGetInstanceProcAddr",
                                          "vkGetDeviceProcAddr" };
    for (size_t i = 0; i < COUNT(starts); i++)
        if (strncmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* Calls are written table.vkName( or instance->vkName( and never otherwise. */
static int check_calls(const char *path) {
    char *text = NULL;
    size_t size = 0;
    int count = 0;
    cr_assert_eq(tuff_file_read(path, 1 << 20, &text, &size), TUFF_OK);
    for (const char *at = text; (at = strstr(at, "vk")); at++) {
        char name[128];
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (at == text || (at[-1] != '.' && at[-1] != '>') || at[length] != '(' || length >= sizeof name)
            continue;
        memcpy(name, at, length);
        name[length] = '\0';
        cr_expect(cannot_fail(name) || is_tested(name), "%s calls %s, which no test makes fail", path, name);
        count++;
    }
    tuff_free(text);
    return count;
}

Test(failure_vulkan, every_function_that_the_library_calls_is_made_to_fail) {
    glob_t files;
    int calls = 0;
    cr_assert_eq(glob(TUFF_SOURCE_DIR "/src/*/*.c", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        calls += check_calls(files.gl_pathv[i]);
    globfree(&files);
    cr_assert_gt(calls, 50);
}
