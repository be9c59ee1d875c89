/* SPDX-License-Identifier: Apache-2.0 */
/* The frame that all commands share: what wrong usage, a full disk and a reader that leaves are answered
 * with. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#include <stdio.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_cli, .init = enter_folder, .fini = remove_folder);

Test(tools_cli, wrong_usage_gets_a_sentence_and_exits_2) {
    static const struct {
        const char *line;
        const char *sentence;
    } rows[] = {
        { "tuff", "a command is missing" },
        { "tuff forwrad", "did you mean 'forward'?" },
        { "tuff --model x", "there is no command '--model'" },
        { "tuff ''", "there is no command ''" },
        { "tuff embed text", "--model FOLDER is missing" },
        { "tuff embed --model", "--model needs a value" },
        { "tuff embed --model --json text", "--model needs a value" },
        { "tuff embed --modle x text", "did you mean --model?" },
        { "tuff embed --model x --wholly-unknown text", "there is no option --wholly-unknown" },
        { "tuff embed --model x -j text", "there is no option -j" },
        { "tuff embed --model x --dtype f64 text", "--dtype takes one of auto|f32|f16|int8, not 'f64'" },
        { "tuff embed --model x --dtype f3 text", "--dtype takes one of" },
        { "tuff embed --model x --dtype= text", "--dtype takes one of" },
        { "tuff embed --model x --pooling sum text", "--pooling takes one of" },
        { "tuff embed --model x --max-length 0 text", "--max-length takes a whole number from 1" },
        { "tuff embed --model x --max-length -1 text", "--max-length takes a whole number" },
        { "tuff embed --model x --max-length 5000000000 text", "--max-length takes a whole number" },
        { "tuff embed --model x --max-length 99999999999999999999 text",
          "--max-length takes a whole number" },
        { "tuff embed --model x --max-length 12x text", "--max-length takes a whole number" },
        { "tuff embed --model x --max-length '' text", "--max-length takes a whole number" },
        { "tuff embed --model x --json=maybe text", "--json takes yes or no" },
        { "tuff embed --model x --no-model text", "there is no option --no-model" },
        { "tuff search --model x", "QUERY... is missing" },
        { "tuff search --model x --top-k 0 query", "--top-k takes a whole number" },
        { "tuff forward --model x --inputs y", "--outputs FILE is missing" },
        { "tuff forward --model x --inputs y --outputs z text", "it takes options only" },
        { "tuff check what", "it takes options only" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_command run = test_command("%s </dev/null", rows[i].line);
        cr_expect_eq(run.code, 2, "%s: exit code %d", rows[i].line, run.code);
        cr_expect_eq(run.out_size, 0, "%s: %s", rows[i].line, run.out);
        cr_expect(strstr(run.err, rows[i].sentence) != NULL, "%s: %s", rows[i].line, run.err);
    }
}

Test(tools_cli, failures_get_a_sentence_and_exit_1) {
    static const struct {
        const char *line;
        const char *sentence;
    } rows[] = {
        { "tuff embed --model x --file absent.txt", "absent.txt: cannot be read: No such file" },
        { "tuff embed --model x --file .", ".: cannot be read: it is a folder" },
        { "tuff embed --model x --file lines.txt text", "not from both" },
        { "tuff embed --model x --out absent/out.txt text", "cannot be written: No such file" },
        { "tuff embed --model x --out . text", "cannot be written" },
        { "tuff embed --model x --file table.tsv", "there is no column 'text' in 'a\tb'" },
        { "tuff embed --model x --file empty.tsv", "its first line must name the columns" },
        { "tuff embed --model x --file table.tsv --without-header",
          "called by its number from 1, not 'text'" },
        { "tuff embed --model x --file table.tsv --text-field a --id-field c", "there is no column 'c'" },
    };
    test_write(folder, "lines.txt", "one\ntwo\n");
    test_write(folder, "table.tsv", "a\tb\n1\t2\n");
    test_write(folder, "empty.tsv", "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_command run = test_command("%s </dev/null", rows[i].line);
        cr_expect_eq(run.code, 1, "%s: exit code %d", rows[i].line, run.code);
        cr_expect_eq(run.out_size, 0, "%s: %s", rows[i].line, run.out);
        cr_expect(strstr(run.err, rows[i].sentence) != NULL, "%s: %s", rows[i].line, run.err);
    }
}

/* Wherever --help stands, on standard output, at most 80 columns wide. */
Test(tools_cli, each_command_explains_itself) {
    struct test_command list = test_command("tuff --help | sed -n 's/^  \\([a-z-]*\\)  .*/\\1/p'");
    cr_assert(strstr(list.out, "embed\n") != NULL, "%s", list.out);
    for (char *word = strtok(list.out, "\n"); word; word = strtok(NULL, "\n")) {
        struct test_command help = test_command("tuff %s --help", word);
        cr_expect_eq(help.code, 0, "%s", word);
        cr_expect_eq(strlen(help.err), 0, "%s: %s", word, help.err);
        cr_expect(strstr(help.out, "\n  tuff ") != NULL, "%s: %s", word, help.out);
        struct test_command wide =
            test_command("tuff %s --help | sed '/^example/,$d' | grep '.\\{81\\}'", word);
        cr_expect_eq(wide.out_size, 0, "%s: %s", word, wide.out);
    }
}

Test(tools_cli, version_is_printed) {
    struct test_command run = test_command("tuff --version");
    cr_expect_eq(run.code, 0);
    cr_expect(strncmp(run.out, "tuff ", 5) == 0 && strchr(run.out, '\n'), "%s", run.out);
}

Test(tools_cli, output_that_cannot_be_written_is_a_failure) {
    cr_expect_eq(test_command("tuff --help >/dev/full").code, 1);
    cr_expect_eq(test_command("tuff --version >/dev/full").code, 1);
    cr_expect_eq(test_command("tuff embed --help >/dev/full").code, 1);
    struct test_command closed = test_command("tuff --version >&-");
    cr_expect_eq(closed.code, 1);
    cr_expect(strstr(closed.err, "standard output: cannot be written") != NULL, "%s", closed.err);
}

Test(tools_cli, a_reader_that_leaves_is_no_failure) {
    struct test_command run =
        test_command("trap '' PIPE; (sleep 0.2; tuff --help; echo code $? >&2) | true; wait");
    cr_expect_str_eq(run.err, "code 0\n");
}

/* The first id that is beyond the vocabulary is named; no file is left. */
Test(tools_cli, forward_refuses_by_name_and_leaves_no_file) {
    struct test_command run =
        test_command("tuff forward --model %s --inputs " TUFF_SOURCE_DIR
                     "/tests/data/inputs.safetensors --outputs out.safetensors; code=$?; ls; exit $code",
                     test_oracle("models/bert-relu"));
    cr_expect_eq(run.code, 1);
    cr_expect_str_eq(run.out, "");
    cr_expect(strstr(run.err, "input_ids: value 1037 at row 0, column 1 is not in 0 to") != NULL, "%s",
              run.err);
}

Test(tools_cli, forward_writes_the_names_of_transformers) {
    struct test_command run =
        test_command("tuff forward --model %s --inputs " TUFF_SOURCE_DIR
                     "/tests/data/inputs.safetensors --outputs out.safetensors --hidden-states --attentions",
                     test_oracle("models/minilm-l6-v2-fp16"));
    cr_assert_eq(run.code, 0, "%s", run.err);
    char *bytes = test_read("out.safetensors", NULL) + 8; /* behind the header's length */
    static const char *const names[] = { "last_hidden_state", "pooler_output", "hidden_states.0",
                                         "hidden_states.6",   "attentions.0",  "attentions.5" };
    for (size_t i = 0; i < COUNT(names); i++)
        cr_expect(strstr(bytes, names[i]) != NULL, "%s", names[i]);
    cr_expect(strstr(bytes, "attentions.6") == NULL && strstr(bytes, "hidden_states.7") == NULL);
}
