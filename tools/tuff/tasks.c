/* SPDX-License-Identifier: Apache-2.0 */
#include "tasks.h"

#include <string.h>

static const struct {
    const char *word;
    tuff_task task;
} tasks[] = {
    { "classify", TUFF_TASK_CLASSIFY },     { "pair", TUFF_TASK_PAIR }, { "regress", TUFF_TASK_REGRESS },
    { "multilabel", TUFF_TASK_MULTILABEL }, { "tag", TUFF_TASK_TAG },   { "answer", TUFF_TASK_ANSWER },
    { "choose", TUFF_TASK_CHOOSE },         { "rank", TUFF_TASK_RANK }, { "embed", TUFF_TASK_EMBED },
};

int tasks_find(const struct command *command, const struct arguments *arguments, tuff_task *out_task) {
    for (size_t i = 0; i < COUNT(tasks); i++)
        if (strcmp(arguments->values[0], tasks[i].word) == 0) {
            *out_task = tasks[i].task;
            return OPTIONS_GO_ON;
        }
    return options_refuse(command, "there is no task '%s'; it is one of %s", arguments->values[0],
                          TASK_WORDS);
}

void tasks_take_numbers(const struct data_numbers *numbers, tuff_data_options *data) {
    data->max_length = (uint32_t)numbers->max_length;
    data->stride = (uint32_t)numbers->stride;
    data->n_best = (uint32_t)numbers->n_best;
    data->max_answer_tokens = (uint32_t)numbers->max_answer_tokens;
}
