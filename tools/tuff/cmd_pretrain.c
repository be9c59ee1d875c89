/* SPDX-License-Identifier: Apache-2.0 */
/* tuff pretrain: BERT's own training, from a corpus or from ready batches. */
#include "commands.h"
#include "session.h"
#include "tasks.h"
#include "training_flags.h"
#include "training_line.h"

#include <stdio.h>
#include <stdlib.h>

struct pretrain {
    struct common_options common;
    tuff_pretraining_options options;
    tuff_trainer_options trainer;
    const char *corpus; /* the first file; others are arguments */
    struct training_flags flags;
    uint64_t batch_size, length;
    int optimizer, schedule;
    struct training_line line;
};

static bool show_step(void *user, const tuff_finetune_report *report) {
    struct pretrain *pretrain = user;
    training_line_show(&pretrain->line, report);
    return !session_is_interrupted();
}

static void show_metrics(void *user, uint64_t step, const tuff_metric *metrics, size_t count) {
    struct pretrain *pretrain = user;
    training_line_metrics(&pretrain->line, step, metrics, count);
}

static int run(struct pretrain *pretrain, const struct arguments *arguments) {
    tuff_pretraining_options *options = &pretrain->options;
    struct session session;
    training_flags_take(&pretrain->flags, &pretrain->trainer);
    const char **corpus = arguments_with_first(pretrain->corpus, arguments, &options->corpus_count);
    options->corpus = corpus;
    options->batch_size = (uint32_t)pretrain->batch_size;
    options->length = (uint32_t)pretrain->length;
    options->trainer = &pretrain->trainer;
    options->step = show_step;
    options->evaluated = show_metrics;
    options->user = pretrain;
    pretrain->trainer.optimizer = (tuff_optimizer)pretrain->optimizer;
    pretrain->trainer.schedule = (tuff_schedule)pretrain->schedule;
    pretrain->line.is_quiet = pretrain->common.quiet;
    int code = session_open(&session, &pretrain->common);
    if (code == EXIT_SUCCESS) {
        session_watch_interrupt();
        tuff_status status = tuff_pretrain(session.context, options);
        training_line_wipe(&pretrain->line);
        if (status != TUFF_OK)
            code = session_fail(status);
        session_close(&session);
    }
    free(corpus);
    return code;
}

int tuff_cmd_pretrain(int argc, char **argv) {
    struct pretrain pretrain = { .common = COMMON_OPTIONS_DEFAULTS,
                                 .options = TUFF_PRETRAINING_OPTIONS,
                                 .trainer = TUFF_TRAINER_OPTIONS,
                                 .flags = TRAINING_FLAGS_DEFAULTS,
                                 .batch_size = 32,
                                 .length = 128 };
    pretrain.trainer.learning_rate = 1e-4;
    const struct option options[] = {
        TEXT_FLAG("model", pretrain.options.model, "folder of a BertForPreTraining to go on from"),
        TEXT_FLAG("config", pretrain.options.config, "from scratch: the config.json of the new model"),
        TEXT_FLAG("vocab", pretrain.options.vocab, "from scratch: its vocab.txt"),
        { .name = "output",
          .type = OPTION_STRING,
          .value_name = "DIR",
          .target = &pretrain.options.output,
          .help = "folder for the model, metrics.jsonl and the checkpoint",
          .is_required = true },
        { .name = "corpus",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &pretrain.corpus,
          .help = "text to train on; further files may follow as arguments" },
        TEXT_FLAG(
            "batches", pretrain.options.batches,
            "ready sequences instead of a corpus: safetensors with the fields of Google's BERT records"),
        TEXT_FLAG("eval-batches", pretrain.options.eval_batches, "the same, whose loss is said at the end"),
        COUNT_FLAG("steps", pretrain.options.steps, 1, 0, "steps to make (once through the batches)"),
        COUNT_FLAG("batch-size", pretrain.batch_size, 1, 1 << 20, "sequences of a batch (32)"),
        TRAINING_FLAGS(pretrain.flags, ACCUMULATES_BATCHES),
        COUNT_FLAG("length", pretrain.length, 8, 1 << 20,
                   "tokens of a sequence (128); four times as many in the last tenth of the steps, where the "
                   "model has positions for them"),
        { .name = "one-length",
          .type = OPTION_BOOLEAN,
          .target = &pretrain.options.has_one_length,
          .help = "the same length in all steps" },
        { .name = "whole-words",
          .type = OPTION_BOOLEAN,
          .target = &pretrain.options.is_whole_word,
          .help = "mask the pieces of a word together" },
        NUMBER_FLAG("learning-rate", pretrain.trainer.learning_rate, "the highest one (1e-4)"),
        COUNT_FLAG("warmup-steps", pretrain.trainer.warmup_steps, 0, 0,
                   "steps over which the learning rate rises from 0 (0)"),
        NUMBER_FLAG("weight-decay", pretrain.trainer.weight_decay, "of matrices and tables (0.01)"),
        NUMBER_FLAG("clip", pretrain.trainer.clip, "largest norm of all gradients (1); 0: no clipping"),
        NUMBER_FLAG("dropout", pretrain.trainer.dropout, "probability (default: as config.json says)"),
        { .name = "optimizer",
          .type = OPTION_CHOICE,
          .target = &pretrain.optimizer,
          .choices = "adamw|bert-adamw",
          .help = "PyTorch's AdamW, or the original BERT's without bias correction" },
        { .name = "schedule",
          .type = OPTION_CHOICE,
          .target = &pretrain.schedule,
          .choices = "auto|linear|cosine|constant|original",
          .help = "of the learning rate; auto: linear for adamw, original for bert-adamw" },
        COUNT_FLAG("seed", pretrain.trainer.seed, 0, 0, "of weights, masks, pairs and dropout (0)"),
        COUNT_FLAG("checkpoint-every", pretrain.options.checkpoint_every, 0, 0,
                   "steps between checkpoints (1000)"),
        { .name = "resume",
          .type = OPTION_BOOLEAN,
          .target = &pretrain.options.resumes,
          .help = "go on from the output folder's checkpoint where there is one" },
        DEVICE_OPTIONS(pretrain.common),
        TALK_OPTIONS(pretrain.common),
    };
    const struct command command = {
        .name = "pretrain",
        .arguments = "[FILE...]",
        .about =
            "Trains a model to fill masks and to tell whether one text follows another, on files with a "
            "sentence a line and an empty line between documents, or on ready batches. 15 percent of the "
            "tokens are asked for: of these 80 percent are masked, 10 are another token and 10 stay. Masks "
            "and "
            "pairs are drawn anew each time through the corpus, from the seed.",
        .example =
            "tuff pretrain --config tests/data/models/small-pretraining/config.json --vocab "
            "tests/data/models/small-pretraining/vocab.txt --corpus tools/demo.txt --length 16 --steps 20 "
            "--output build/pretrained",
        .options = options,
        .option_count = COUNT(options),
        .maximum_arguments = SIZE_MAX,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    return code == OPTIONS_GO_ON ? run(&pretrain, &arguments) : code;
}
