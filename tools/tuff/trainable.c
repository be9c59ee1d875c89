/* SPDX-License-Identifier: Apache-2.0 */
#include "trainable.h"

#include <stdlib.h>
#include <string.h>

/* The words in the order of tuff_trainable; the last one stands for adapters. */
static const char *const words[] = { "all", "head", "last", "bias", "lora" };
enum { LORA = COUNT(words) - 1 };

static int take_what(const struct command *command, const char *value, tuff_finetune_options *options,
                     tuff_trainer_options *trainer) {
    const size_t length = strcspn(value, ":");
    for (size_t i = 0; i < COUNT(words); i++) {
        const bool has_count = i == TUFF_TRAINABLE_LAST || i == LORA;
        char *end = NULL;
        unsigned long count = has_count && value[length] ? strtoul(value + length + 1, &end, 10) : 0;
        if (strlen(words[i]) != length || memcmp(words[i], value, length) != 0)
            continue;
        if (has_count ? !end || *end || count < 1 || count > UINT32_MAX : value[length])
            break;
        if (i == LORA) {
            trainer->lora_rank = (uint32_t)count;
            return OPTIONS_GO_ON;
        }
        options->trainable = (tuff_trainable)i;
        options->trainable_count = (uint32_t)count;
        return OPTIONS_GO_ON;
    }
    return options_refuse(command, "--trainable takes all, head, last:N, bias or lora:R, not '%s'", value);
}

static int take_targets(const struct command *command, const char *list, tuff_trainer_options *trainer) {
    trainer->lora_targets = 0;
    while (*list) {
        char word[32];
        const size_t length = strcspn(list, ",");
        if (length >= sizeof word)
            return options_refuse(command, "--lora-targets: no matrix is called '%s'", list);
        memcpy(word, list, length);
        word[length] = '\0';
        const int place = options_find_choice("query|key|value|attention-output|intermediate|output", word);
        if (place < 0)
            return options_refuse(
                command,
                "--lora-targets takes query, key, value, attention-output, intermediate and "
                "output, not '%s'",
                word);
        trainer->lora_targets |= 1u << place;
        list += length + (list[length] == ',');
    }
    return OPTIONS_GO_ON;
}

int trainable_take(const struct command *command, const struct trainable_flags *flags,
                   tuff_finetune_options *options, tuff_trainer_options *trainer) {
    int code = flags->trainable ? take_what(command, flags->trainable, options, trainer) : OPTIONS_GO_ON;
    if (code == OPTIONS_GO_ON && trainer->lora_rank == 0 &&
        (flags->alpha > 0 || flags->targets || flags->export))
        return options_refuse(command,
                              "--lora-alpha, --lora-targets and --export adapter go with --trainable lora:R");
    if (code == OPTIONS_GO_ON && flags->targets)
        code = take_targets(command, flags->targets, trainer);
    trainer->lora_alpha = flags->alpha;
    options->exports_adapter = flags->export == 1;
    return code;
}
