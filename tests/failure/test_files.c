/* SPDX-License-Identifier: Apache-2.0 */
/* Every call for a file fails once: nothing is left open or half-written, a file that was there before stays
 * whole, the status says so, and the next attempt succeeds. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "failure/files.h"
#include "failure/scenario.h"
#include "support/command.h"
#include "support/folder.h"

static const struct row {
    const char *name;
    enum file_call call;
    int error;
    bool passes;   /* no failure: the work is done in more pieces, or was done before */
    bool may_fail; /* or the work is done, but nobody can know it */
} rows[] = {
    { "open: too many files", CALL_OPEN, EMFILE, false },
    { "fstat", CALL_FSTAT, EIO, false },
    { "mmap: no memory", CALL_MMAP, ENOMEM, false },
    { "read: a broken disk", CALL_READ, EIO, false },
    { "read: shorter than said", CALL_READ, 0, false },
    { "read: one byte", CALL_READ, SHORT_COUNT, true },
    { "read: interrupted", CALL_READ, EINTR, true },
    { "write: a full disk", CALL_WRITE, ENOSPC, false },
    { "write: one byte", CALL_WRITE, SHORT_COUNT, true },
    { "write: interrupted", CALL_WRITE, EINTR, true },
    { "fsync", CALL_FSYNC, EIO, false },
    { "close", CALL_CLOSE, EIO, true, true },
    { "rename", CALL_RENAME, EACCES, false },
};
static const struct row no_folder = { "mkdir: a full disk", CALL_MKDIR, ENOSPC, true, true };
enum { ROWS = sizeof rows / sizeof *rows };

static int entries_of(const char *path, const char *part) {
    int count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder))
        count += strstr(entry->d_name, part) != NULL;
    if (folder)
        closedir(folder);
    return count;
}

/* One attempt with one failure; false: no call was left to fail. */
static bool attempt(struct scenario *scenario, const struct scenario_step *step, const struct row *row,
                    uint64_t at) {
    int files = test_open_files();
    file_fault = (struct file_fault){ .call = row->call, .at = at, .error = row->error };
    tuff_status status = step->run(scenario);
    bool has_failed = file_fault.failures > 0;
    file_fault.at = 0;
    cr_assert_eq(test_open_files(), files, "%s, call %d, %s: a file stays open", row->name, (int)at,
                 step->name);
    cr_assert_eq(entries_of(scenario->output, ".tmp"), 0, "%s: a part stays behind", row->name);
    bool is_right = status == TUFF_OK ? !has_failed || row->passes
                                      : status == TUFF_IO && has_failed && (!row->passes || row->may_fail);
    cr_assert(is_right, "%s, call %d, %s: status %d: %s", row->name, (int)at, step->name, (int)status,
              tuff_error_message());
    return has_failed;
}

/* Opens and saves: the steps that read and write. */
Test(failure_files, each_call_fails_once, .timeout = 1200) {
    char folder[TEST_PATH_SIZE];
    struct scenario scenario = { 0 };
    uint64_t failures = 0;
    test_folder_make(folder);
    scenario.cache_folder = folder;
    scenario.output = test_path(folder, "trained");
    cr_assert_eq(scenario_steps[0].run(&scenario), TUFF_OK, "%s", tuff_error_message());
    for (size_t i = 0; i < ROWS; i++) {
        for (uint64_t at = 1; attempt(&scenario, &scenario_steps[1], &rows[i], at); at++, failures++)
            tuff_model_close(scenario.model);
        tuff_model_close(scenario.model);
        scenario.model = NULL;
    }
    cr_assert_gt(failures, 10);
    cr_assert_eq(scenario_steps[3].run(&scenario), TUFF_OK, "%s", tuff_error_message());
    for (uint64_t at = 1; attempt(&scenario, &scenario_steps[6], &no_folder, at); at++)
        ;
    cr_assert_eq(scenario_steps[6].run(&scenario), TUFF_OK, "%s", tuff_error_message());
    failures = 0;
    scenario.model_folder = scenario.output;
    for (size_t i = 0; i < ROWS; i++) {
        for (uint64_t at = 1; attempt(&scenario, &scenario_steps[6], &rows[i], at); at++, failures++) {
            cr_assert_eq(scenario_steps[1].run(&scenario), TUFF_OK,
                         "%s: what was saved before is not whole: %s", rows[i].name, tuff_error_message());
            tuff_model_close(scenario.model);
            scenario.model = NULL;
        }
    }
    cr_assert_gt(failures, 10);
    scenario_close(&scenario);
    test_folder_remove(folder);
}

/* A cache that cannot be read or written costs time and nothing else. */
Test(failure_files, a_broken_cache_is_no_failure, .timeout = 1200) {
    char folder[TEST_PATH_SIZE];
    struct scenario scenario = { 0 };
    test_folder_make(folder);
    scenario.cache_folder = folder;
    scenario_run(&scenario);
    for (size_t i = 0; i < ROWS; i++) {
        file_fault = (struct file_fault){ .call = rows[i].call, .at = 1, .error = rows[i].error };
        cr_assert_eq(scenario_steps[0].run(&scenario), TUFF_OK, "%s: %s", rows[i].name, tuff_error_message());
        scenario_close(&scenario);
        file_fault.at = 0;
    }
    test_folder_remove(folder);
}

/* ---------------------------------------------------------------- a disk that fills up in a run */

enum { FULL_AT = 3 };

/* Has a write after the step fail. */
static bool fill_disk(void *user, const tuff_finetune_report *report) {
    const uint64_t *writes = user;
    if (report->step == FULL_AT)
        file_fault = (struct file_fault){ .call = CALL_WRITE, .at = *writes, .error = ENOSPC };
    return true;
}

static tuff_status finetune(const struct scenario *scenario, const char *output, uint64_t *writes) {
    static const tuff_trainer_options trainer = TUFF_TRAINER_OPTIONS;
    tuff_finetune_options options = TUFF_FINETUNE_OPTIONS;
    options.model = TUFF_SOURCE_DIR "/tests/data/models/small-classes";
    options.train = test_path(scenario->cache_folder, "train.tsv");
    options.output = output;
    options.trainer = &trainer;
    options.epochs = 3;
    options.batch_size = 2;
    options.checkpoint_every = 1;
    options.resumes = true;
    options.head = TUFF_HEAD_RANDOM;
    if (*writes > 0) {
        options.step = fill_disk;
        options.user = writes;
    }
    return tuff_finetune(scenario->context, &options);
}

/* The log, the checkpoint's header and its data each: the run ends, says why, and goes on where the last good checkpoint
 * stands. */
Test(failure_files, a_full_disk_ends_a_run_that_goes_on_later, .timeout = 300) {
    char folder[TEST_PATH_SIZE];
    struct scenario scenario = { 0 };
    uint64_t writes = 0;
    test_folder_make(folder);
    scenario.cache_folder = folder;
    test_write(folder, "train.tsv",
               "text\tlabel\na good day\tgood\na bad day\tbad\nso good\tgood\nso bad\tbad\n");
    cr_assert_eq(scenario_steps[0].run(&scenario), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(finetune(&scenario, test_path(folder, "whole"), &writes), TUFF_OK, "%s",
                 tuff_error_message());
    char whole[TEST_PATH_SIZE + 32];
    snprintf(whole, sizeof whole, "%s/whole/model.safetensors", folder);
    for (writes = 1; writes <= 4; writes++) {
        char output[TEST_PATH_SIZE + 16], state[TEST_PATH_SIZE + 64], model[TEST_PATH_SIZE + 64];
        uint64_t none = 0;
        snprintf(output, sizeof output, "%s/parts%d", folder, (int)writes);
        snprintf(state, sizeof state, "%s/checkpoint", output);
        snprintf(model, sizeof model, "%s/model.safetensors", output);
        tuff_status status = finetune(&scenario, output, &writes);
        file_fault.at = 0;
        cr_assert_eq(status, TUFF_IO, "write %d: status %d", (int)writes, (int)status);
        cr_expect(strstr(tuff_error_message(), strerror(ENOSPC)), "%s", tuff_error_message());
        cr_expect_eq(entries_of(state, ".tmp"), 0, "a part stays behind");
        cr_expect_eq(entries_of(state, "training.safetensors"), 1, "the checkpoint is gone");
        cr_assert_eq(finetune(&scenario, output, &none), TUFF_OK, "%s", tuff_error_message());
        cr_expect(test_are_equal(whole, model), "write %d", (int)writes);
    }
    scenario_close(&scenario);
    test_folder_remove(folder);
}
