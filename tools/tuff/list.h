/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options that are lists with commas between their items. */
#ifndef TUFF_LIST_H
#define TUFF_LIST_H

#include "options.h"

enum { LIST_MOST = 32 };

struct number_list {
    uint32_t items[LIST_MOST];
    size_t count;
};

/* Whole numbers from 1 to `most`. Returns OPTIONS_GO_ON, or EXIT_USAGE after a sentence. */
int list_numbers(const struct command *command, const char *option, const char *text, uint32_t most,
                 struct number_list *out_list);

struct word_list {
    char *text; /* with NULs in place of commas; freed with free() */
    const char *items[LIST_MOST];
    size_t count;
};

/* `words` (NULL: any) are those that may stand there, with | between them. `text` of NULL gives no items. */
int list_words(const struct command *command, const char *option, const char *text, const char *words,
               struct word_list *out_list);

#endif
