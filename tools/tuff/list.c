/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <stdlib.h>
#include <string.h>

int list_words(const struct command *command, const char *option, const char *text, const char *words,
               struct word_list *out_list) {
    *out_list = (struct word_list){ 0 };
    if (!text)
        return OPTIONS_GO_ON;
    out_list->text = copy_text(text, strlen(text));
    for (char *item = out_list->text; item;) {
        char *comma = strchr(item, ',');
        if (comma)
            *comma = '\0';
        if (out_list->count == LIST_MOST)
            return options_refuse(command, "--%s takes at most %d items", option, (int)LIST_MOST);
        if (item[0] == '\0')
            return options_refuse(command, "--%s: an item of '%s' is empty", option, text);
        if (words && options_find_choice(words, item) < 0)
            return options_refuse(command, "--%s takes some of %s, not '%s'", option, words, item);
        out_list->items[out_list->count++] = item;
        item = comma ? comma + 1 : NULL;
    }
    return OPTIONS_GO_ON;
}

int list_numbers(const struct command *command, const char *option, const char *text, uint32_t most,
                 struct number_list *out_list) {
    struct word_list words;
    *out_list = (struct number_list){ 0 };
    int code = list_words(command, option, text, NULL, &words);
    for (size_t i = 0; i < words.count && code == OPTIONS_GO_ON; i++) {
        char *end = NULL;
        unsigned long long number = strtoull(words.items[i], &end, 10);
        bool is_number = words.items[i][0] >= '0' && words.items[i][0] <= '9' && *end == '\0';
        if (!is_number || number < 1 || number > most)
            code = options_refuse(command, "--%s takes whole numbers from 1 to %u, not '%s'", option, most,
                                  words.items[i]);
        out_list->items[out_list->count++] = (uint32_t)number;
    }
    free(words.text);
    return code;
}
