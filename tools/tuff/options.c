/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"
#include "commands.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- refusals */

int options_refuse(const struct command *command, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "tuff %s: ", command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; `tuff %s --help` shows what there is\n", command->name);
    va_end(arguments);
    return EXIT_USAGE;
}

/* Levenshtein's distance; words longer than the row are simply far from everything. */
static size_t distance(const char *a, const char *b) {
    size_t row[65];
    size_t b_length = strlen(b);
    if (b_length >= COUNT(row))
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = diagonal + (a[i] != b[j - 1]);
            size_t shortest = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replaced < shortest ? replaced : shortest;
        }
    }
    return row[b_length];
}

const char *options_suggest(const char *word, const char *const *words, size_t count) {
    const char *nearest = NULL;
    size_t least = strlen(word) / 3 + 2; /* beyond this the guess would only confuse */
    for (size_t i = 0; i < count; i++) {
        size_t found = distance(word, words[i]);
        if (found < least) {
            least = found;
            nearest = words[i];
        }
    }
    return nearest;
}

static int refuse_unknown(const struct command *command, const char *name) {
    const char **names = allocate(command->option_count, sizeof(*names));
    for (size_t i = 0; i < command->option_count; i++)
        names[i] = command->options[i].name;
    const char *nearest = options_suggest(name, names, command->option_count);
    free(names);
    if (nearest)
        return options_refuse(command, "there is no option --%s (did you mean --%s?)", name, nearest);
    return options_refuse(command, "there is no option --%s", name);
}

/* ---------------------------------------------------------------- values */

static int read_unsigned(const struct command *command, const struct option *option, const char *value) {
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(value, &end, 10);
    uint64_t maximum = option->maximum ? option->maximum : UINT64_MAX;
    bool is_number = value[0] >= '0' && value[0] <= '9' && *end == '\0';
    if (is_number && errno == 0 && number >= option->minimum && number <= maximum) {
        *(uint64_t *)option->target = number;
        return OPTIONS_GO_ON;
    }
    if (option->maximum)
        return options_refuse(command, "--%s takes a whole number from %llu to %llu, not '%s'", option->name,
                              (unsigned long long)option->minimum, (unsigned long long)maximum, value);
    return options_refuse(command, "--%s takes a whole number of at least %llu, not '%s'", option->name,
                          (unsigned long long)option->minimum, value);
}

static int read_float(const struct command *command, const struct option *option, const char *value) {
    char *end = NULL;
    double number = strtod(value, &end);
    bool is_free = option->least == 0.0 && option->most == 0.0;
    bool is_number = end != value && *end == '\0' && isfinite(number);
    if (is_number && (is_free || (number >= option->least && number <= option->most))) {
        *(double *)option->target = number;
        return OPTIONS_GO_ON;
    }
    if (is_free)
        return options_refuse(command, "--%s takes a number, not '%s'", option->name, value);
    return options_refuse(command, "--%s takes a number from %g to %g, not '%s'", option->name, option->least,
                          option->most, value);
}

int options_find_choice(const char *choices, const char *word) {
    size_t length = strlen(word);
    int index = 0;
    for (const char *choice = choices; choice; index++) {
        const char *end = strchr(choice, '|');
        size_t size = end ? (size_t)(end - choice) : strlen(choice);
        if (size == length && memcmp(choice, word, length) == 0)
            return index;
        choice = end ? end + 1 : NULL;
    }
    return -1;
}

static int read_choice(const struct command *command, const struct option *option, const char *value) {
    int index = options_find_choice(option->choices, value);
    if (index < 0)
        return options_refuse(command, "--%s takes one of %s, not '%s'", option->name, option->choices,
                              value);
    *(int *)option->target = index;
    return OPTIONS_GO_ON;
}

static bool is_switch(const struct option *option) {
    return option->type == OPTION_BOOLEAN || option->type == OPTION_TRISTATE;
}

static int set_switch(const struct option *option, bool is_on) {
    if (option->type == OPTION_TRISTATE)
        *(int *)option->target = is_on;
    else
        *(bool *)option->target = is_on;
    return OPTIONS_GO_ON;
}

static int read_switch(const struct command *command, const struct option *option, const char *value) {
    static const char *const words[] = { "no", "yes", "false", "true", "0", "1", "off", "on" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(value, words[i]) == 0)
            return set_switch(option, i % 2 == 1);
    return options_refuse(command, "--%s takes yes or no, not '%s'", option->name, value);
}

static int read_value(const struct command *command, const struct option *option, const char *value) {
    switch (option->type) {
    case OPTION_STRING:
        *(const char **)option->target = value;
        return OPTIONS_GO_ON;
    case OPTION_UNSIGNED:
        return read_unsigned(command, option, value);
    case OPTION_FLOAT:
        return read_float(command, option, value);
    case OPTION_CHOICE:
        return read_choice(command, option, value);
    default:
        return read_switch(command, option, value);
    }
}

/* ---------------------------------------------------------------- help */

enum { HELP_WIDTH = 80, HELP_INDENT = 26 };

void options_print_wrapped(const char *text, int indent) {
    int column = indent;
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (column > indent && column + 1 + (int)length > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)length, text);
        column += (int)length;
        text += length;
        text += strspn(text, " ");
        for (; *text == '\n'; column = indent) { /* a line of its own, with the spaces that it begins with */
            int spaces = (int)strspn(text + 1, " ");
            printf("\n%*s", indent + spaces, "");
            text += 1 + spaces;
        }
    }
    putchar('\n');
}

static void print_option(const struct option *option) {
    const char *value = option->type == OPTION_CHOICE ? option->choices : option->value_name;
    int length = printf("  --%s%s%s%s", option->type == OPTION_TRISTATE ? "[no-]" : "", option->name,
                        value ? " " : "", value ? value : "");
    if (length >= HELP_INDENT) {
        putchar('\n');
        length = 0;
    }
    printf("%*s", HELP_INDENT - length, "");
    options_print_wrapped(option->help, HELP_INDENT);
}

static void print_help(const struct command *command) {
    printf("usage: tuff %s", command->name);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (option->is_required)
            printf(" --%s %s", option->name, option->value_name);
    }
    printf(" [options]%s%s\n\n", command->arguments[0] ? " " : "", command->arguments);
    options_print_wrapped(command->about, 0);
    puts("\noptions:");
    for (size_t i = 0; i < command->option_count; i++)
        print_option(&command->options[i]);
    print_option(&(struct option){ .name = "help", .help = "show this text" });
    bool uses_demo = strstr(command->example, "build/models") != NULL;
    printf("\nexample%s:\n", uses_demo ? " (`sh tools/demo` fetches the model)" : "");
    for (const char *line = command->example; *line;) {
        size_t length = strcspn(line, "\n");
        printf("  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* ---------------------------------------------------------------- the command line */

static const struct option *find(const struct command *command, const char *name, size_t length) {
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

/* Takes argv[*index], which starts with "--", and its value. */
static int take_option(const struct command *command, int argc, char **argv, int *index) {
    const char *name = argv[*index] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option *option = find(command, name, length);
    bool is_on = true;
    if (!option && length > 3 && memcmp(name, "no-", 3) == 0) {
        option = find(command, name + 3, length - 3);
        if (option && !is_switch(option))
            option = NULL;
        is_on = false;
    }
    if (!option) {
        char *unknown = copy_text(name, length);
        int code = refuse_unknown(command, unknown);
        free(unknown);
        return code;
    }
    if (equals)
        return read_value(command, option, equals + 1);
    if (is_switch(option))
        return set_switch(option, is_on);
    if (*index + 1 >= argc || strncmp(argv[*index + 1], "--", 2) == 0)
        return options_refuse(command, "--%s needs a value", option->name);
    return read_value(command, option, argv[++*index]);
}

/* What is required is always a string, whose target stays NULL where it was not given. */
static int check_presence(const struct command *command, size_t count) {
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option *option = &command->options[i];
        if (option->is_required && !*(const char *const *)option->target)
            return options_refuse(command, "--%s %s is missing", option->name, option->value_name);
    }
    if (count < command->minimum_arguments)
        return options_refuse(command, "%s is missing", command->arguments);
    if (count > command->maximum_arguments && command->maximum_arguments == 0)
        return options_refuse(command, "it takes options only");
    if (count > command->maximum_arguments)
        return options_refuse(command, "%zu arguments are too many (quote a text with spaces)", count);
    return OPTIONS_GO_ON;
}

int options_parse(const struct command *command, int argc, char **argv, struct arguments *out_arguments) {
    struct arguments found = { .values = argv + 1 };
    bool is_open = true; /* until "--" */
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (!is_open || word[0] != '-' || word[1] == '\0') {
            found.values[found.count++] = argv[i];
            continue;
        }
        if (strcmp(word, "--") == 0) {
            is_open = false;
            continue;
        }
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            print_help(command);
            return EXIT_SUCCESS;
        }
        if (word[1] != '-')
            return options_refuse(
                command, "there is no option %s (write -- before a text with a dash in front)", word);
        int code = take_option(command, argc, argv, &i);
        if (code != OPTIONS_GO_ON)
            return code;
    }
    *out_arguments = found;
    return check_presence(command, found.count);
}

const char **arguments_with_first(const char *first, const struct arguments *arguments, size_t *out_count) {
    const char **list = allocate(arguments->count + 1, sizeof *list);
    size_t count = 0;
    if (first)
        list[count++] = first;
    for (size_t i = 0; i < arguments->count; i++)
        list[count++] = arguments->values[i];
    *out_count = count;
    return list;
}
