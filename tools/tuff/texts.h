/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands on texts share: records come in windows, one call of the library answers a window,
 * results are printed in the order of the records, what was cut or rejected is said.
 *
 *     static tuff_status answer(void *user, const struct texts *texts) { ... tuff_classify(...) ... }
 *     static void print(void *user, struct output *output, const struct texts *texts, size_t index) { ... }
 *     ...
 *     return texts_run(&(struct texts_work){ .common = &common, .source = &source, .answer = answer,
 *                                            .print = print, .user = &classify }, &arguments);
 */
#ifndef TUFF_TEXTS_H
#define TUFF_TEXTS_H

#include "output.h"
#include "records.h"
#include "session.h"

/* A window, and what the library's options take from the command. */
struct texts {
    tuff_model *model;
    const struct record *records;
    size_t count;
    const tuff_text *texts; /* the first field of each record */
    /* the second; data is NULL where a record has none. NULL: there is no such field */
    const tuff_text *pairs;
    tuff_progress_callback progress;
    void *progress_user;
    tuff_reject_callback reject; /* its index is the record's in the window */
    void *reject_user;
    tuff_text_report *report;
};

struct texts_work {
    const struct common_options *common;
    const struct record_source *source;
    uint64_t max_length; /* as asked for; 0: the model's */
    /* The model is open: an exit code, EXIT_SUCCESS to go on. May be NULL. */
    int (*start)(void *user, tuff_model *model);
    tuff_status (*answer)(void *user, const struct texts *texts);
    /* Prints the result of one record that was not rejected, with its newline. May be NULL. */
    void (*print)(void *user, struct output *output, const struct texts *texts, size_t index);
    /* All records are answered; may be NULL. */
    void (*finish)(void *user, struct output *output);
    void *user;
};

/* Reads, answers, prints until the input ends. Returns the exit code. */
int texts_run(const struct texts_work *work, const struct arguments *arguments);

#define MAX_LENGTH_OPTION(place)                                                                             \
    {                                                                                                        \
        .name = "max-length", .type = OPTION_UNSIGNED, .value_name = "N", .target = &(place),                \
        .help = "tokens that count, special ones included (default: the model's)", .minimum = 1,             \
        .maximum = UINT32_MAX                                                                                \
    }

#endif
