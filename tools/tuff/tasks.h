/* SPDX-License-Identifier: Apache-2.0 */
/* What `finetune` and `evaluate` share: names of tasks, and how a labelled file is read. */
#ifndef TUFF_TASKS_H
#define TUFF_TASKS_H

#include "options.h"

#include "tuff.h"

/* The word is a task's; else says what is. Returns OPTIONS_GO_ON or EXIT_USAGE. */
int tasks_find(const struct command *command, const struct arguments *arguments, tuff_task *out_task);

#define TASK_ARGUMENT "TASK"
#define TASKS_ABOUT "TASK is classify, pair, regress, multilabel, tag, answer or choose. "

/* Numbers as the parser stores them, until they are taken over. */
struct data_numbers {
    uint64_t max_length, stride, n_best, max_answer_tokens;
};
#define DATA_NUMBERS { .stride = 128, .n_best = 20, .max_answer_tokens = 30 }
void tasks_take_numbers(const struct data_numbers *numbers, tuff_data_options *data);

#define TEXT_FLAG(flag, place, text)                                                                         \
    { .name = flag, .type = OPTION_STRING, .value_name = "NAME", .target = &(place), .help = text }
#define COUNT_FLAG(flag, place, least, most, text)                                                           \
    {                                                                                                        \
        .name = flag, .type = OPTION_UNSIGNED, .value_name = "N", .target = &(place), .minimum = least,      \
        .maximum = most, .help = text                                                                        \
    }
#define NUMBER_FLAG(flag, place, text)                                                                       \
    { .name = flag, .type = OPTION_FLOAT, .value_name = "X", .target = &(place), .help = text }

/* `data` is a tuff_data_options, `numbers` a struct data_numbers. */
#define DATA_OPTIONS(data, numbers)                                                                          \
    TEXT_FLAG("text-column", (data).text_column,                                                             \
              "column of the text, the sentence or the context (default: the usual names)"),                 \
        TEXT_FLAG("pair-column", (data).pair_column,                                                         \
                  "column of the second text; of choices several, with commas between them"),                \
        TEXT_FLAG("label-column", (data).label_column, "column of the label or number"),                     \
        TEXT_FLAG("id-column", (data).id_column, "column of the examples' names"),                           \
        { .name = "labels",                                                                                  \
          .type = OPTION_STRING,                                                                             \
          .value_name = "FILE",                                                                              \
          .target = &(data).labels,                                                                          \
          .help = "the labels in the order of the outputs, one a line" },                                    \
        NUMBER_FLAG("label-scale", (data).label_scale,                                                       \
                    "a regression is trained to (number - offset) / scale (1)"),                             \
        NUMBER_FLAG("label-offset", (data).label_offset, "see --label-scale (0)"),                           \
        COUNT_FLAG("max-length", (numbers).max_length, 0, UINT32_MAX,                                        \
                   "tokens of a text; what is longer is cut (the model's)"),                                 \
        COUNT_FLAG("stride", (numbers).stride, 0, UINT32_MAX,                                                \
                   "tokens that the windows of a context share (128)"),                                      \
        COUNT_FLAG("n-best", (numbers).n_best, 1, 256, "starts and ends that an answer is made of (20)"),    \
        COUNT_FLAG("max-answer-tokens", (numbers).max_answer_tokens, 1, UINT32_MAX,                          \
                   "the longest answer (30)"),                                                               \
    {                                                                                                        \
        .name = "skip-bad", .type = OPTION_BOOLEAN, .target = &(data).skips_bad,                             \
        .help = "pass over and count records that cannot be used; they are refused otherwise"                \
    }

#endif
