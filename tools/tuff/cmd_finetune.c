/* SPDX-License-Identifier: Apache-2.0 */
/* tuff finetune: a model and a labelled file in, a trained model out. */
#include "commands.h"
#include "session.h"
#include "tasks.h"
#include "trainable.h"
#include "training_flags.h"
#include "training_line.h"

#include <stdio.h>
#include <stdlib.h>

struct finetune {
    struct common_options common;
    tuff_finetune_options options;
    tuff_trainer_options trainer;
    tuff_data_options data;
    struct data_numbers numbers;
    struct training_flags flags;
    uint64_t epochs, batch_size, patience;
    int optimizer, schedule, order, head, padding;
    struct trainable_flags trainable;
    struct training_line line;
};

static bool show_step(void *user, const tuff_finetune_report *report) {
    struct finetune *finetune = user;
    training_line_show(&finetune->line, report);
    return !session_is_interrupted();
}

static void show_metrics(void *user, uint64_t step, const tuff_metric *metrics, size_t count) {
    struct finetune *finetune = user;
    training_line_metrics(&finetune->line, step, metrics, count);
}

static int run(struct finetune *finetune, tuff_task task) {
    tuff_finetune_options *options = &finetune->options;
    struct session session;
    options->task = task;
    options->epochs = (uint32_t)finetune->epochs;
    options->batch_size = (uint32_t)finetune->batch_size;
    options->keeps_order = finetune->order == 1;
    options->patience = (uint32_t)finetune->patience;
    options->pads_to_longest = finetune->padding == 1;
    options->head = (tuff_head_start)finetune->head;
    finetune->trainer.optimizer = (tuff_optimizer)finetune->optimizer;
    finetune->trainer.schedule = (tuff_schedule)finetune->schedule;
    training_flags_take(&finetune->flags, &finetune->trainer);
    tasks_take_numbers(&finetune->numbers, &finetune->data);
    options->trainer = &finetune->trainer;
    options->data = &finetune->data;
    options->step = show_step;
    options->evaluated = show_metrics;
    options->user = finetune;
    finetune->line.is_quiet = finetune->common.quiet;
    int code = session_open(&session, &finetune->common);
    if (code != EXIT_SUCCESS)
        return code;
    session_watch_interrupt();
    tuff_status status = tuff_finetune(session.context, options);
    training_line_wipe(&finetune->line);
    if (status != TUFF_OK)
        code = session_fail(status);
    session_close(&session);
    return code;
}

#define FILE_FLAG(flag, value, place, required, text)                                                        \
    {                                                                                                        \
        .name = flag, .type = OPTION_STRING, .value_name = value, .target = &(place), .help = text,          \
        .is_required = required                                                                              \
    }

int tuff_cmd_finetune(int argc, char **argv) {
    struct finetune finetune = { .common = COMMON_OPTIONS_DEFAULTS,
                                 .options = TUFF_FINETUNE_OPTIONS,
                                 .trainer = TUFF_TRAINER_OPTIONS,
                                 .data = TUFF_DATA_OPTIONS,
                                 .numbers = DATA_NUMBERS,
                                 .flags = TRAINING_FLAGS_DEFAULTS,
                                 .epochs = 3,
                                 .batch_size = 32 };
    const struct option options[] = {
        FILE_FLAG("model", "MODEL", finetune.options.model, true,
                  "folder of a BERT model, or a repository's name in the Hugging Face cache"),
        FILE_FLAG("train", "FILE", finetune.options.train, true,
                  "labelled examples: .tsv, .csv, .jsonl, .conll or SQuAD's .json"),
        FILE_FLAG("dev", "FILE", finetune.options.dev, false, "examples to evaluate after each epoch"),
        FILE_FLAG("output", "DIR", finetune.options.output, true,
                  "folder for the trained model, metrics.jsonl and the checkpoint"),
        COUNT_FLAG("epochs", finetune.epochs, 1, UINT32_MAX, "times through the training file (3)"),
        COUNT_FLAG("batch-size", finetune.batch_size, 1, 1 << 20, "examples of a batch (32)"),
        TRAINING_FLAGS(finetune.flags, ACCUMULATES_BATCHES),
        NUMBER_FLAG("learning-rate", finetune.trainer.learning_rate, "the highest one (5e-5)"),
        { .name = "warmup",
          .type = OPTION_FLOAT,
          .value_name = "SHARE",
          .target = &finetune.options.warmup,
          .help = "of all steps, over which the learning rate rises from 0 (0.1)",
          .least = 0,
          .most = 1 },
        NUMBER_FLAG("weight-decay", finetune.trainer.weight_decay, "of matrices and tables (0.01)"),
        NUMBER_FLAG("clip", finetune.trainer.clip, "largest norm of all gradients (1); 0: no clipping"),
        NUMBER_FLAG("dropout", finetune.trainer.dropout, "probability (default: as config.json says)"),
        NUMBER_FLAG("label-smoothing", finetune.trainer.label_smoothing, "of classes (0)"),
        { .name = "optimizer",
          .type = OPTION_CHOICE,
          .target = &finetune.optimizer,
          .choices = "adamw|bert-adamw",
          .help = "PyTorch's AdamW, or the original BERT's without bias correction" },
        { .name = "schedule",
          .type = OPTION_CHOICE,
          .target = &finetune.schedule,
          .choices = "auto|linear|cosine|constant|original",
          .help = "of the learning rate; auto: linear for adamw, original for bert-adamw" },
        COUNT_FLAG("seed", finetune.trainer.seed, 0, 0, "of a new head, the order and dropout (0)"),
        { .name = "order",
          .type = OPTION_CHOICE,
          .target = &finetune.order,
          .choices = "shuffle|file",
          .help = "of the examples in an epoch" },
        { .name = "head",
          .type = OPTION_CHOICE,
          .target = &finetune.head,
          .choices = "own|random|zeros",
          .help = "own: the model's, or a random one where it has none for the task; random (normal, "
                  "deviation 0.02) and zeros: a new one in any case" },
        COUNT_FLAG("limit", finetune.options.limit, 0, 0,
                   "examples, or windows of contexts, of the training file (all)"),
        COUNT_FLAG("dev-limit", finetune.options.dev_limit, 0, 0, "examples of the file to evaluate (all)"),
        COUNT_FLAG("eval-every", finetune.options.eval_every, 1, 0,
                   "steps between evaluations (at the end of each epoch)"),
        COUNT_FLAG("patience", finetune.patience, 1, UINT32_MAX,
                   "end the run after as many evaluations in a row without a better figure (accuracy, f1, "
                   "pearson), and "
                   "keep the best model (all epochs, and the last model)"),
        TRAINABLE_FLAGS(finetune.trainable),
        { .name = "padding",
          .type = OPTION_CHOICE,
          .target = &finetune.padding,
          .choices = "none|longest",
          .help = "of answer: take the loss over the positions of a window alone, or over the padding too "
                  "that makes it "
                  "as long as the longest of its batch, as transformers does" },
        COUNT_FLAG("checkpoint-every", finetune.options.checkpoint_every, 0, 0,
                   "steps between checkpoints (at the end of each epoch)"),
        { .name = "resume",
          .type = OPTION_BOOLEAN,
          .target = &finetune.options.resumes,
          .help = "go on from the output folder's checkpoint where there is one" },
        DATA_OPTIONS(finetune.data, finetune.numbers),
        DEVICE_OPTIONS(finetune.common),
        TALK_OPTIONS(finetune.common),
    };
    const struct command command = {
        .name = "finetune",
        .arguments = TASK_ARGUMENT,
        .about = TASKS_ABOUT
        "Trains a model on a labelled file and writes a folder that transformers loads. The defaults are "
        "the recipe of the BERT paper. metrics.jsonl in the output folder has a line a step and a line an "
        "evaluation. A run that was killed goes on with --resume to the weights that it would have had.",
        .example =
            "tuff finetune classify --model build/models/all-MiniLM-L6-v2 --train tools/demo.tsv --dev "
            "tools/demo.tsv --batch-size 6 --learning-rate 2e-4 --output build/run",
        .options = options,
        .option_count = COUNT(options),
        .minimum_arguments = 1,
        .maximum_arguments = 1,
    };
    struct arguments arguments;
    tuff_task task = TUFF_TASK_CLASSIFY;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code == OPTIONS_GO_ON)
        code = tasks_find(&command, &arguments, &task);
    if (code == OPTIONS_GO_ON)
        code = trainable_take(&command, &finetune.trainable, &finetune.options, &finetune.trainer);
    return code == OPTIONS_GO_ON ? run(&finetune, task) : code;
}
