/* SPDX-License-Identifier: Apache-2.0 */
/* The program: finds the command and hands over. */
#include "commands.h"
#include "memory.h"
#include "options.h"
#include "system.h"

#include "tuff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *word;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct entry entries[] = {
#define TUFF_COMMAND_ENTRY(name, word, summary) { word, summary, tuff_cmd_##name },
    TUFF_COMMANDS(TUFF_COMMAND_ENTRY)
#undef TUFF_COMMAND_ENTRY
};

static void print_help(void) {
    puts("usage: tuff COMMAND [options] [arguments]\n\n"
         "Runs BERT models on any Vulkan device.\n\ncommands:");
    for (size_t i = 0; i < COUNT(entries); i++) {
        printf("  %-16s", entries[i].word);
        options_print_wrapped(entries[i].summary, 18);
    }
    puts("\n`tuff COMMAND --help` shows a command's options and an example; --version the version.\n"
         "Results go to standard output, everything else to standard error. The exit code is\n"
         "0 for success, 1 for a failure, 2 for wrong usage.");
}

static int refuse(const char *word) {
    const char *words[COUNT(entries)];
    for (size_t i = 0; i < COUNT(entries); i++)
        words[i] = entries[i].word;
    const char *nearest = options_suggest(word, words, COUNT(words));
    if (nearest)
        complain("there is no command '%s'; did you mean '%s'?", word, nearest);
    else
        complain("there is no command '%s'; `tuff --help` lists them", word);
    return EXIT_USAGE;
}

/* Help and version go through stdout's buffer, whose loss must not pass for success. */
static int finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (errno == EPIPE)
        return code;
    complain("standard output: cannot be written: %s", strerror(errno));
    return EXIT_FAILURE;
}

int main(int argc, char **argv) {
    system_start();
    if (argc < 2) {
        complain("a command is missing; `tuff --help` lists them");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help();
        return finish(EXIT_SUCCESS);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tuff %s\n", tuff_version());
        return finish(EXIT_SUCCESS);
    }
    for (size_t i = 0; i < COUNT(entries); i++)
        if (strcmp(argv[1], entries[i].word) == 0)
            return finish(entries[i].run(argc - 1, argv + 1));
    return refuse(argv[1]);
}
