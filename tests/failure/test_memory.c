/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the host fails once, through the allocator that a program hands in: the status says so,
 * nothing is left behind, and the next attempt succeeds. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "failure/scenario.h"
#include "support/folder.h"

static atomic_int alive;
static atomic_int calls;
static int fail_at; /* from 1; 0: never */

static void *allocate(void *user, size_t size) {
    (void)user;
    if (atomic_fetch_add(&calls, 1) + 1 == fail_at)
        return NULL;
    atomic_fetch_add(&alive, 1);
    return malloc(size);
}

static void release(void *user, void *pointer) {
    (void)user;
    atomic_fetch_sub(&alive, 1);
    free(pointer);
}

/* Every allocation up to the 64th, and then each 32nd of what there are more. */
static int next(int at) {
    return at < 64 ? at + 1 : at + 1 + at / 32;
}

/* Runs a step with its allocations failing one after the other, until it succeeds. */
static void fail_each(struct scenario *scenario, const struct scenario_step *step) {
    int failures = 0;
    for (int at = 1;; at = next(at)) {
        atomic_store(&calls, 0);
        fail_at = at;
        tuff_status status = step->run(scenario);
        fail_at = 0;
        if (status == TUFF_OK && atomic_load(&calls) < at)
            break;
        failures++;
        if (status == TUFF_OK) /* there was another way; the step is made once */
            break;
        cr_assert_eq(status, TUFF_HOST_MEMORY, "%s: allocation %d: status %d: %s", step->name, at,
                     (int)status, tuff_error_message());
    }
    cr_assert_gt(failures, 0, "%s allocates nothing", step->name);
}

static void close_all(struct scenario *scenario) {
    scenario_close(scenario);
    cr_assert_eq(atomic_load(&alive), 0, "%d blocks are left", atomic_load(&alive));
}

static void fail_all(bool is_lent) {
    char folder[TEST_PATH_SIZE];
    const tuff_allocator allocator = { allocate, release, NULL };
    struct scenario scenario = { .allocator = &allocator, .is_lent = is_lent };
    const struct scenario_step *step;
    test_folder_make(folder);
    scenario.cache_folder = folder;
    scenario.output = folder;
    scenario_open(&scenario);
    fail_each(&scenario, scenario_step(&scenario, 0));
    close_all(&scenario);
    scenario_open(&scenario);
    for (size_t i = 0; (step = scenario_step(&scenario, i)); i++)
        fail_each(&scenario, step);
    close_all(&scenario);
    test_folder_remove(folder);
}

Test(failure_memory, each_allocation_fails_once, .timeout = 1200) {
    fail_all(false);
}

Test(failure_memory, each_allocation_for_tokens_of_a_lent_device_fails_once, .timeout = 1200) {
    fail_all(true);
}
