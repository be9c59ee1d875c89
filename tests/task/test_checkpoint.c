/* SPDX-License-Identifier: Apache-2.0 */
/* A checkpoint says how its run's steps are computed, and a run that goes on computes them so. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/device.h"
#include "support/folder.h"
#include "task/checkpoint.h"
#include "vk/decisions.h"

TestSuite(task_checkpoint, .timeout = 120);

static struct tuff_trainer *open_trainer(struct tuff_device *device) {
    const tuff_trainer_options options = TUFF_TRAINER_OPTIONS;
    struct tuff_trainer *trainer = NULL;
    cr_assert_eq(tuff_trainer_load(device, NULL, TUFF_SOURCE_DIR "/tests/data/models/small-classes", &options,
                                   NULL, &trainer),
                 TUFF_OK, "%s", tuff_error_message());
    return trainer;
}

Test(task_checkpoint, choices_and_batch_split_come_back) {
    const struct tuff_decision old = { { 9, 8, 7, 6 }, { 1, 2, 3, 4, 5, 6, 7, 4000000000u }, 1 };
    const struct tuff_decision new = { { 1, 1, 1, 1 }, { 0 }, 1 };
    struct tuff_decision found;
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    const char *path = test_path(folder, "training.safetensors");
    struct tuff_device *device = test_device();
    struct tuff_trainer *trainer = open_trainer(device);
    struct tuff_checkpoint checkpoint = { .total_steps = 1 };
    cr_assert_eq(tuff_decisions_put(device->decisions, &old), TUFF_OK);
    trainer->row_limit = 123;
    cr_assert_eq(tuff_checkpoint_save(trainer, &checkpoint, path), TUFF_OK, "%s", tuff_error_message());
    tuff_trainer_free(trainer);

    cr_assert_eq(tuff_decisions_replace(device->decisions, &new, 1), TUFF_OK);
    trainer = open_trainer(device);
    cr_assert_eq(tuff_checkpoint_load(trainer, &checkpoint, path), TUFF_OK, "%s", tuff_error_message());
    cr_expect_eq(trainer->row_limit, 123);
    cr_expect(!tuff_decisions_find(device->decisions, new.key, &found));
    cr_assert(tuff_decisions_find(device->decisions, old.key, &found));
    cr_expect(memcmp(found.value, old.value, sizeof old.value) == 0);
    tuff_trainer_free(trainer);
    test_device_close_idle(device);
    test_folder_remove(folder);
}
