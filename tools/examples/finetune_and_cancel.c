/* SPDX-License-Identifier: Apache-2.0 */
/* Fine-tunes a classifier, shows each step, and cancels: after so many steps, or at Ctrl-C. The output folder then has a
 * checkpoint only where an epoch was complete; run with `resumes` it would go on from there.
 *
 *     finetune_and_cancel MODEL TRAIN.tsv OUTPUT STEPS
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "tuff.h"

static volatile sig_atomic_t is_interrupted;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    is_interrupted = 1;
}

struct run {
    uint64_t wanted; /* steps */
    uint64_t made;
};

/* From the thread that trains, after each step. Returning false cancels. */
static bool on_step(void *user, const tuff_finetune_report *report) {
    struct run *run = user;
    run->made = report->step;
    printf("step %llu of %llu: loss %.4f, %.0f tokens a second\n", (unsigned long long)report->step,
           (unsigned long long)report->total_steps, report->loss, report->tokens_per_second);
    return run->made < run->wanted && !is_interrupted;
}

int main(int argc, char **argv) {
    tuff_context *context = NULL;
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    tuff_finetune_options finetune = TUFF_FINETUNE_OPTIONS;
    struct run run = { 0 };
    if (argc != 5) {
        fprintf(stderr, "usage: finetune_and_cancel MODEL TRAIN.tsv OUTPUT STEPS\n");
        return 2;
    }
    run.wanted = strtoull(argv[4], NULL, 10);
    signal(SIGINT, on_interrupt);
    options.gives_way = true; /* the desktop goes first */
    finetune.task = TUFF_TASK_CLASSIFY;
    finetune.model = argv[1];
    finetune.train = argv[2];
    finetune.output = argv[3];
    finetune.head = TUFF_HEAD_RANDOM; /* a new one, with the labels of the file */
    finetune.batch_size = 4;
    finetune.step = on_step;
    finetune.user = &run;
    tuff_status status = tuff_context_create(&options, &context);
    if (status == TUFF_OK)
        status = tuff_finetune(context, &finetune);
    if (status == TUFF_CANCELLED)
        printf("cancelled after step %llu\n", (unsigned long long)run.made);
    else if (status != TUFF_OK)
        fprintf(stderr, "finetune_and_cancel: %s\n", tuff_error_message());
    tuff_context_destroy(context);
    return status == TUFF_OK || status == TUFF_CANCELLED ? 0 : 1;
}
