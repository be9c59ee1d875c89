/* SPDX-License-Identifier: Apache-2.0 */
/* How far a training run is, on stderr: on a terminal one line that changes, else a line for every hundredth. */
#ifndef TUFF_TRAINING_LINE_H
#define TUFF_TRAINING_LINE_H

#include "tuff.h"

struct training_line {
    bool is_quiet;
    bool stands; /* on the terminal */
};

void training_line_show(struct training_line *line, const tuff_finetune_report *report);
void training_line_metrics(struct training_line *line, uint64_t step, const tuff_metric *metrics,
                           size_t count);
void training_line_wipe(struct training_line *line);

#endif
