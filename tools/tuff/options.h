/* SPDX-License-Identifier: Apache-2.0 */
/* What a command understands, said once as a table: the parser and the text of --help both come from it.
 *
 *     uint64_t top_k = 10;
 *     struct common_options common = COMMON_OPTIONS_DEFAULTS;
 *     const struct option options[] = {
 *         COMMON_OPTIONS(common),
 *         { .name = "top-k", .type = OPTION_UNSIGNED, .value_name = "N", .target = &top_k,
 *           .help = "how many lines to show", .minimum = 1, .maximum = 1000000 },
 *     };
 *     const struct command command = { .name = "search", .arguments = "QUERY", .about = "What it does.",
 *                                      .example = "tuff search --model M --file notes.txt 'lost luggage'",
 *                                      .options = options, .option_count = COUNT(options),
 *                                      .minimum_arguments = 1, .maximum_arguments = 1 };
 *     struct arguments arguments;
 *     int code = options_parse(&command, argc, argv, &arguments);
 *     if (code != OPTIONS_GO_ON)
 *         return code;
 */
#ifndef TUFF_OPTIONS_H
#define TUFF_OPTIONS_H

#include "memory.h"

#include <stdbool.h>
#include <stdint.h>

enum option_type {
    OPTION_BOOLEAN,  /* bool: --flag sets it, --no-flag clears it; --flag=yes and =no as well */
    OPTION_TRISTATE, /* int that starts as -1: --flag makes it 1, --no-flag 0 */
    OPTION_STRING,   /* const char *: points into argv */
    OPTION_UNSIGNED, /* uint64_t, minimum to maximum (0: no limit above) */
    OPTION_FLOAT,    /* double, least to most (both 0: any finite number) */
    OPTION_CHOICE,   /* int: place in `choices`, words with | between them */
};

struct option {
    const char *name; /* without the dashes */
    enum option_type type;
    const char *value_name; /* as --help shows it; NULL for a boolean or a choice */
    void *target;
    const char *help;
    const char *choices;
    uint64_t minimum;
    uint64_t maximum;
    double least;
    double most;
    bool is_required; /* strings only */
};

struct command {
    const char *name;      /* as typed */
    const char *arguments; /* as --help shows them, such as "[TEXT...]"; "" for none */
    const char *about;     /* what it does, in sentences */
    const char *example;   /* whole command lines, one a line */
    const struct option *options;
    size_t option_count;
    size_t minimum_arguments;
    size_t maximum_arguments; /* SIZE_MAX: any number */
};

/* What is left when the options are taken out; "--" ends the options. Lives as long as argv. */
struct arguments {
    char **values;
    size_t count;
};

enum { OPTIONS_GO_ON = -1 };

/* Fills the targets. Returns OPTIONS_GO_ON, EXIT_SUCCESS after --help, or EXIT_USAGE after a sentence on
 * stderr. */
int options_parse(const struct command *command, int argc, char **argv, struct arguments *out_arguments);

/* A list for files of which a flag gives one and arguments give more: `first` (left out where it is NULL) and the
 * arguments. To be freed; the strings are the caller's. */
const char **arguments_with_first(const char *first, const struct arguments *arguments, size_t *out_count);

/* For what the table cannot express: prints the sentence and where help is, and returns EXIT_USAGE. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
int options_refuse(const struct command *command, const char *format, ...);

/* Prints `text` wrapped at 80 columns, each line indented; the first line's indent is taken to be there. */
void options_print_wrapped(const char *text, int indent);

/* The place of a word among choices with | between them, or -1. */
int options_find_choice(const char *choices, const char *word);

/* The word of `words` that is nearest to a mistyped one, or NULL where none is near. */
const char *options_suggest(const char *word, const char *const *words, size_t count);

/* ---------------------------------------------------------------- what many commands share */

enum { DTYPE_AUTO, DTYPE_F32, DTYPE_F16, DTYPE_INT8 };

struct common_options {
    const char *model;
    const char *device;
    const char *disable;
    const char *cache_folder;
    const char *out;
    uint64_t memory_limit; /* MiB */
    int dtype;
    int arithmetic;
    bool json;
    bool quiet;
    bool verbose;
    bool profile;
};
#define COMMON_OPTIONS_DEFAULTS                                                                              \
    { .dtype = DTYPE_AUTO, .out = NULL }

#define MODEL_OPTION(common)                                                                                 \
    {                                                                                                        \
        .name = "model", .type = OPTION_STRING, .value_name = "FOLDER", .target = &(common).model,           \
        .help =                                                                                              \
            "a model's folder as Hugging Face publishes it, or its name in the local Hugging Face cache",    \
        .is_required = true                                                                                  \
    }
#define JSON_OPTION(common)                                                                                  \
    { .name = "json", .type = OPTION_BOOLEAN, .target = &(common).json, .help = "print JSON Lines" }
#define OUT_OPTION(common)                                                                                   \
    {                                                                                                        \
        .name = "out", .type = OPTION_STRING, .value_name = "FILE", .target = &(common).out,                 \
        .help = "write the results to FILE instead of standard output"                                       \
    }
#define TALK_OPTIONS(common)                                                                                 \
    { .name = "quiet",                                                                                       \
      .type = OPTION_BOOLEAN,                                                                                \
      .target = &(common).quiet,                                                                             \
      .help = "say nothing but errors on standard error" },                                                  \
    {                                                                                                        \
        .name = "verbose", .type = OPTION_BOOLEAN, .target = &(common).verbose,                              \
        .help = "say what is done on standard error"                                                         \
    }
#define DEVICE_OPTIONS(common)                                                                               \
    { .name = "device",                                                                                      \
      .type = OPTION_STRING,                                                                                 \
      .value_name = "DEVICE",                                                                                \
      .target = &(common).device,                                                                            \
      .help = "index, UUID or a part of the name, as `tuff devices` shows them (default: the best one)" },   \
        { .name = "disable",                                                                                 \
          .type = OPTION_STRING,                                                                             \
          .value_name = "FEATURES",                                                                          \
          .target = &(common).disable,                                                                       \
          .help = "device features to leave unused, with commas between them" },                             \
        { .name = "cache-folder",                                                                            \
          .type = OPTION_STRING,                                                                             \
          .value_name = "FOLDER",                                                                            \
          .target = &(common).cache_folder,                                                                  \
          .help = "where pipelines are kept ('' for nowhere; default: tuff in the user's cache folder)" },   \
        { .name = "memory-limit",                                                                            \
          .type = OPTION_UNSIGNED,                                                                           \
          .value_name = "MIB",                                                                               \
          .target = &(common).memory_limit,                                                                  \
          .maximum = UINT64_MAX >> 20,                                                                       \
          .help = "device memory to use at most; batches shrink to fit (default: what the device has)" },    \
    {                                                                                                        \
        .name = "profile", .type = OPTION_BOOLEAN, .target = &(common).profile,                              \
        .help = "time each kernel and show a table on standard error"                                        \
    }
#define DTYPE_OPTION(common)                                                                                 \
    {                                                                                                        \
        .name = "dtype", .type = OPTION_CHOICE, .choices = "auto|f32|f16|int8", .target = &(common).dtype,   \
        .help = "numbers on the device (default: auto, f16 where the device computes it well)"               \
    }
#define ARITHMETIC_OPTION(target_field)                                                                      \
    {                                                                                                        \
        .name = "arithmetic", .type = OPTION_CHOICE, .choices = "f32|f16", .target = &(target_field),        \
        .help = "of a model in f16: f16 multiplies in f16 as well, two products at once on devices that "    \
                "do, at some noise in the last digits of a half (default: f32)"                              \
    }
/* The folder of a model that is trained, which the command opens itself; `target` is a const char *. */
#define TRAINED_MODEL_OPTION(target_field)                                                                   \
    {                                                                                                        \
        .name = "model", .type = OPTION_STRING, .value_name = "MODEL", .target = &(target_field),            \
        .help = "folder of a model with a head, or a repository's name in the Hugging Face cache",           \
        .is_required = true                                                                                  \
    }
/* For the commands on raw tensors, which set common.dtype to DTYPE_F32 first. */
#define DTYPE_OPTION_F32(common)                                                                             \
    {                                                                                                        \
        .name = "dtype", .type = OPTION_CHOICE, .choices = "auto|f32|f16|int8", .target = &(common).dtype,   \
        .help = "numbers on the device (default: f32)"                                                       \
    }

/* For a command that runs a model and prints results. */
#define COMMON_OPTIONS(common)                                                                               \
    MODEL_OPTION(common), JSON_OPTION(common), OUT_OPTION(common), DTYPE_OPTION(common),                     \
        ARITHMETIC_OPTION((common).arithmetic), DEVICE_OPTIONS(common), TALK_OPTIONS(common)

#endif
