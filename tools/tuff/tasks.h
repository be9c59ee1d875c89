/* SPDX-License-Identifier: Apache-2.0 */
/* What `finetune` and `evaluate` share: names of tasks, and how a labelled file is read. */
#ifndef TUFF_TASKS_H
#define TUFF_TASKS_H

#include "options.h"

#include "tuff.h"

/* The word is a task's; else says what is. Returns OPTIONS_GO_ON or EXIT_USAGE. */
int tasks_find(const struct command *command, const struct arguments *arguments, tuff_task *out_task);

#define TASK_ARGUMENT "TASK"
#define TASK_WORDS "classify, pair, regress, multilabel, tag, answer, choose, rank or embed"
#define TASKS_ABOUT                                                                                          \
    "TASK is " TASK_WORDS ".\n\n"                                                                            \
    "  classify: a text, or a pair where the file has one, and its label\n"                                  \
    "  pair: two texts and a label\n"                                                                        \
    "  regress: a text or a pair and a number\n"                                                             \
    "  multilabel: a text or a pair and any number of labels, commas between them\n"                         \
    "  tag: CoNLL: a word a line with its tag in the last column, empty lines between sentences\n"           \
    "  answer: SQuAD v1.1 or v2.0 JSON\n"                                                                    \
    "  choose: a context, endings, the number of the right one from 0\n"                                     \
    "  rank: query, passage, relevance from 0 to 1\n"                                                        \
    "  embed: two texts that mean the same\n\n"                                                              \
    "Tables (TSV with a header and without quoting, CSV as RFC 4180 has it, JSON Lines) have columns by "    \
    "name. A file is "                                                                                       \
    "refused that is empty, lacks a column or has it twice. A record is refused with its line, or passed "   \
    "over and "                                                                                              \
    "counted with --skip-bad, that is malformed, has too few or too many cells, is not UTF-8, has a label "  \
    "that the "                                                                                              \
    "model does not know, no finite number where one belongs, or an answer that lies outside its context "   \
    "or is not the "                                                                                         \
    "text that stands there; so is a question that leaves no room for its context. Texts of more tokens "    \
    "than "                                                                                                  \
    "--max-length are cut and counted (the longer of a pair first), contexts are read in windows, words "    \
    "behind the cut "                                                                                        \
    "of a tagged sentence count as outside of entities.\n\n"

/* Numbers as the parser stores them, until they are taken over. */
struct data_numbers {
    uint64_t max_length, stride, n_best, max_answer_tokens;
};
#define DATA_NUMBERS                                                                                         \
    { .stride = 128, .n_best = 20, .max_answer_tokens = 30 }
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
