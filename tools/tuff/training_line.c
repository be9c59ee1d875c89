/* SPDX-License-Identifier: Apache-2.0 */
#include "training_line.h"
#include "system.h"

#include <stdio.h>

void training_line_wipe(struct training_line *line) {
    if (line->stands)
        fputs("\r\033[K", stderr);
    line->stands = false;
}

void training_line_show(struct training_line *line, const tuff_finetune_report *report) {
    bool is_terminal = system_is_terminal(STANDARD_ERROR);
    uint64_t stretch = report->total_steps / 100 + 1;
    bool is_due = is_terminal || report->step % stretch == 0 || report->step == report->total_steps;
    unsigned left = (unsigned)report->seconds_left;
    if (line->is_quiet || !is_due)
        return;
    training_line_wipe(line);
    fprintf(stderr, "step %llu of %llu, loss %.4f, learning rate %.2e, %.0f tokens/s, %u:%02u left",
            (unsigned long long)report->step, (unsigned long long)report->total_steps, report->loss,
            report->learning_rate, report->tokens_per_second, left / 60, left % 60);
    if (report->skipped_steps > 0)
        fprintf(stderr, ", %llu skipped", (unsigned long long)report->skipped_steps);
    fputs(is_terminal ? "" : "\n", stderr);
    fflush(stderr);
    line->stands = is_terminal;
}

void training_line_metrics(struct training_line *line, uint64_t step, const tuff_metric *metrics,
                           size_t count) {
    training_line_wipe(line);
    if (line->is_quiet)
        return;
    fprintf(stderr, "after step %llu: ", (unsigned long long)step);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "%s%s %.4f", i > 0 ? ", " : "", metrics[i].name, metrics[i].value);
    fputc('\n', stderr);
}
