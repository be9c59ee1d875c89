/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of training that end before their time, by a kill, a full disk or a loss that is not finite. TUFF_LONG_TESTS kills
 * a hundred times. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "support/command.h"
#include "support/folder.h"

#define MODEL TUFF_SOURCE_DIR "/tests/data/models/small-classes"
#define RUN                                                                                                  \
    "tuff finetune classify --quiet --train classes.tsv --batch-size 2 --head random --dropout 0.1 "         \
    "--learning-rate 1e-3 --checkpoint-every 1 --resume --model " MODEL

enum { KILLS = 10, LONG_KILLS = 100, STEPS_PER_EPOCH = 3, STEPS_PER_KILL = 6, PATIENCE_MS = 60000 };

static void enter_folder(void) {
    test_folder_enter();
    test_write_classes();
}

TestSuite(tools_runs, .init = enter_folder, .fini = test_folder_leave, .timeout = 1800);

static long size_of(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (long)info.st_size : 0;
}

static bool has_ended(pid_t process) {
    int status = 0;
    if (waitpid(process, &status, WNOHANG) == 0)
        return false;
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the run failed");
    return true;
}

/* Starts the run, waits until it has made a step unless it is to die at once, and kills it a moment later. True where the
 * run ended before that. */
static bool run_and_kill(const char *line, bool waits, uint32_t moment_us) {
    const long before = size_of("parts/metrics.jsonl");
    const pid_t process = fork();
    cr_assert_geq(process, 0);
    if (process == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    for (int ms = 0; waits && size_of("parts/metrics.jsonl") == before; ms++) {
        cr_assert_lt(ms, PATIENCE_MS, "the run makes no step");
        if (has_ended(process))
            return true;
        usleep(1000);
    }
    usleep(moment_us);
    if (has_ended(process))
        return true;
    cr_assert_eq(kill(process, SIGKILL), 0);
    cr_assert_eq(waitpid(process, NULL, 0), process);
    return false;
}

/* Most moments lie around steps and checkpoints, each fourth in the time that a run takes to begin. */
Test(tools_runs, killed_at_random_moments_it_goes_on_to_the_same_weights) {
    const int kills = getenv("TUFF_LONG_TESTS") ? LONG_KILLS : KILLS;
    const int epochs = kills * STEPS_PER_KILL / STEPS_PER_EPOCH;
    struct tuff_random random = { .seed = (uint64_t)getpid() };
    char line[4 * TEST_PATH_SIZE];
    int killed = 0;
    struct test_command run = test_command(RUN " --epochs %d --output whole", epochs);
    cr_assert_eq(run.code, 0, "%s", run.err);
    snprintf(line, sizeof line, "exec " TUFF_BINARY_DIR "/" RUN " --epochs %d --output parts", epochs);
    for (int i = 0; i < kills; i++) {
        const bool is_early = i % 4 == 3;
        killed += !run_and_kill(line, !is_early, tuff_random_below(&random, is_early ? 300000 : 30000));
    }
    fprintf(stderr, "seed %d: %d of %d kills met the run\n", (int)getpid(), killed, kills);
    cr_expect_geq(killed, kills * 9 / 10, "the run is too short");
    run = test_command(RUN " --epochs %d --output parts", epochs);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(test_are_equal("whole/model.safetensors", "parts/model.safetensors"), "other weights");
}

/* Needs a mount: where the test may make none, tests/failure alone fills a disk. */
Test(tools_runs, a_full_disk_ends_a_run_that_goes_on_with_more_room) {
    char line[8 * TEST_PATH_SIZE];
    struct test_command run = test_command(RUN " --epochs 2 --output whole");
    cr_assert_eq(run.code, 0, "%s", run.err);
    const long size = size_of("whole/checkpoint/training.safetensors");
    if (test_command("mkdir small && unshare -rm mount -t tmpfs none small").code != 0) {
        fprintf(stderr, "no file system can be mounted here\n");
        return;
    }
    /* The next checkpoint is written beside the one that is there, for which there is no room. */
    snprintf(line, sizeof line,
             "unshare -rm sh -c 'mount -t tmpfs -o size=%ld none small || exit 9; " RUN
             " --epochs 2 --output small; code=$?; cp -r small kept; exit $code'",
             size * 3 / 2);
    run = test_command("%s", line);
    cr_expect_eq(run.code, 1, "%d: %s", run.code, run.err);
    cr_expect(strstr(run.err, "training.safetensors") && strstr(run.err, "No space left"), "%s", run.err);
    cr_expect_eq(test_command("test \"$(ls kept/checkpoint)\" = training.safetensors").code, 0,
                 "half a checkpoint stays behind, or none");
    run = test_command(RUN " --epochs 2 --output kept");
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect(test_are_equal("whole/model.safetensors", "kept/model.safetensors"));
}

/* A model that cannot be written, as on a disk that is full, leaves the checkpoint that it is written from. */
Test(tools_runs, a_model_that_cannot_be_written_is_no_loss) {
    struct test_command run = test_command(RUN " --epochs 1 --output out");
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_eq(test_command("mv out/model.safetensors whole; cp -r out before; "
                              "ln -s /dev/full out/model.safetensors")
                     .code,
                 0);
    run = test_command(RUN " --epochs 1 --output out");
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "model.safetensors") && strstr(run.err, "No space left"), "%s", run.err);
    cr_expect(
        test_are_equal("out/checkpoint/training.safetensors", "before/checkpoint/training.safetensors"));
    run = test_command("rm out/model.safetensors; " RUN " --epochs 1 --output out");
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect(test_are_equal("out/model.safetensors", "whole"));
}

#define WILD RUN " --epochs 9 --learning-rate 1000 --weight-decay 1000 --warmup 0 --output out"

/* At a rate that no model stands the loss is not finite after a few steps. */
Test(tools_runs, a_loss_that_is_not_finite_ends_a_run_and_leaves_its_checkpoint) {
    struct test_command run = test_command(WILD);
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "not finite"), "%s", run.err);
    const char *sentence = run.err;
    cr_expect_null(strstr(test_read("out/metrics.jsonl", NULL), "nan"));
    cr_assert_eq(test_command("cp -r out before").code, 0);
    run = test_command(WILD);
    cr_expect_eq(run.code, 1);
    cr_expect_str_eq(run.err, sentence, "it goes on from the last checkpoint to the same end");
    cr_expect(
        test_are_equal("out/checkpoint/training.safetensors", "before/checkpoint/training.safetensors"));
}
