/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the commands on texts: arguments, lines, TSV and JSON Lines, ids, bad records, models without
 * the head, the examples of --help. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "support/command.h"
#include "support/folder.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(symlink(test_oracle("models"), test_path(folder, "models")), 0);
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    unlink("models");
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_texts, .init = enter_folder, .fini = remove_folder);

struct row {
    const char *line;
    const char *sentence;
};

static void expect_failures(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct test_command run = test_command("%s", rows[i].line);
        cr_expect_eq(run.code, 1, "%s: exit code %d", rows[i].line, run.code);
        cr_expect_eq(run.out_size, 0, "%s: %s", rows[i].line, run.out);
        cr_expect(strstr(run.err, rows[i].sentence) != NULL, "%s: %s", rows[i].line, run.err);
    }
}

Test(tools_texts, a_model_without_the_head_says_which_it_has) {
    static const struct row rows[] = {
        { "tuff fill-mask --model models/bert-tiny-nsp '[MASK]'", "the head masked_lm" },
        { "tuff fill-mask --model models/bert-tiny-nsp '[MASK]'", "has next_sentence" },
        { "tuff next-sentence --model models/bert-tiny-mlm a b", "has masked_lm" },
        { "tuff classify --model models/bert-relu a", "an encoder without any head" },
        { "tuff classify --model models/bert-tiny-multichoice a", "has multiple_choice" },
        { "tuff rank --model models/bert-tiny-seqcls3 a b", "this one has 3 labels" },
        { "tuff rank --model models/bert-tiny-pretraining a b", "has masked_lm, next_sentence" },
        { "tuff choose --model models/bert-tiny-seqcls3 a b c", "has sequence_classification" },
    };
    expect_failures(rows, COUNT(rows));
}

Test(tools_texts, bad_records_are_named) {
    static const struct row rows[] = {
        { "tuff fill-mask --model models/bert-tiny-mlm 'a [MASK]' 'none'",
          "text 2: there is no [MASK] in it" },
        { "tuff fill-mask --model models/bert-tiny-mlm --file masks.txt",
          "masks.txt: line 2: there is no [MASK]" },
        { "tuff fill-mask --model models/bert-tiny-mlm --file pair.jsonl", "fill-mask takes single texts" },
        { "tuff fill-mask --model models/bert-tiny-mlm --max-length 4 'a b c [MASK]'",
          "1 of its 1 masked words lie beyond the 4 tokens" },
        { "tuff fill-mask --model models/bert-tiny-mlm --top-k 5000 '[MASK]'", "the vocabulary has 1200" },
        { "tuff next-sentence --model models/bert-tiny-nsp a b c", "arguments are taken by twos" },
        { "tuff next-sentence --model models/bert-tiny-nsp --file masks.txt",
          "which a plain line cannot hold" },
        { "tuff next-sentence --model models/bert-tiny-nsp --file single.jsonl",
          "single.jsonl: line 1: it has no \"text_pair\"" },
        { "tuff classify --model models/bert-tiny-seqcls3 --pairs --file single.jsonl", "no \"text_pair\"" },
        { "tuff classify --model models/bert-tiny-seqcls3 --file table.tsv", "line 3: it has 1 columns" },
        { "tuff classify --model models/bert-tiny-seqcls3 --max-length 1 a",
          "no room for the special tokens" },
        { "tuff classify --model models/bert-tiny-seqcls3 --max-length 500 a",
          "the model has positions for 64" },
        { "tuff choose --model models/bert-tiny-multichoice a", "endings are missing" },
        { "tuff choose --model models/bert-tiny-multichoice ' ' a b", "its context is empty" },
        { "tuff choose --model models/bert-tiny-multichoice --file choices.jsonl",
          "choices.jsonl: line 1: it has no endings" },
        { "tuff rank --model models/bert-tiny-regression q --file pair.jsonl", "takes one query" },
    };
    test_write(folder, "masks.txt", "[MASK]\nnone\n[MASK]\n");
    test_write(folder, "pair.jsonl", "{\"text\":\"[MASK]\",\"text_pair\":\"b\"}\n");
    test_write(folder, "single.jsonl", "{\"text\":\"a\"}\n");
    test_write(folder, "table.tsv", "text\ttext_pair\na\tb\nc\n");
    test_write(folder, "choices.jsonl", "{\"context\":\"a\",\"endings\":[]}\n");
    expect_failures(rows, COUNT(rows));
}

Test(tools_texts, bad_records_are_skipped_and_counted) {
    test_write(folder, "masks.jsonl",
               "{\"id\":7,\"text\":\"[MASK] one\"}\n{\"id\":8,\"text\":\"none\"}\n{\"id\":9}\n"
               "{\"id\":\"x\",\"text\":\"[MASK] two\"}\n");
    struct test_command run =
        test_command("tuff fill-mask --model models/bert-tiny-mlm --json --top-k 1 --skip-bad "
                     "--file masks.jsonl --out out.jsonl; echo $?; cat out.jsonl");
    cr_expect(strncmp(run.out, "1\n{\"index\":0,\"id\":7,\"fills\":[{", 30) == 0, "%s", run.out);
    cr_expect(strstr(run.out, "{\"index\":3,\"id\":\"x\",\"fills\":[{") != NULL, "%s", run.out);
    cr_expect(strstr(run.out, "\"index\":1") == NULL && strstr(run.out, "\"index\":2") == NULL, "%s",
              run.out);
    cr_expect(strstr(run.err, "line 2: there is no [MASK]") != NULL, "%s", run.err);
    cr_expect(strstr(run.err, "line 3: it has no \"text\"") != NULL, "%s", run.err);
    cr_expect(strstr(run.err, "2 of 4 records could not be used") != NULL, "%s", run.err);
}

Test(tools_texts, a_bad_record_leaves_the_file_as_it_was) {
    test_write(folder, "out.jsonl", "before\n");
    struct test_command run =
        test_command("tuff fill-mask --model models/bert-tiny-mlm --out out.jsonl '[MASK]' none; "
                     "echo $?; cat out.jsonl; ls");
    cr_expect(strncmp(run.out, "1\nbefore\n", 9) == 0, "%s", run.out);
    cr_expect(strstr(run.out, "part") == NULL, "%s", run.out);
}

/* Single texts, pairs, columns and keys give the same numbers. */
Test(tools_texts, forms_of_input_agree) {
    test_write(folder, "table.tsv", "id\tb\ta\n1\ttwo words\tone\n2\t\tthree\n");
    test_write(folder, "lines.jsonl",
               "{\"text\":\"one\",\"text_pair\":\"two words\"}\n\n{\"text\":\"three\",\"text_pair\":null}\n");
    struct test_command tsv =
        test_command("tuff classify --model models/bert-tiny-seqcls3 --file table.tsv --text-field a "
                     "--pair-field b --json --top-k 3 | sed 's/\"index.*\"label/\"label/'");
    struct test_command jsonl =
        test_command("tuff classify --model models/bert-tiny-seqcls3 --file lines.jsonl "
                     "--json --top-k 3 | sed 's/\"index.*\"label/\"label/'");
    struct test_command pair =
        test_command("tuff classify --model models/bert-tiny-seqcls3 --pairs one 'two words' three '' "
                     "--json --top-k 3 | sed 's/\"index.*\"label/\"label/'");
    cr_expect(tsv.out_size > 0, "%s", tsv.err);
    cr_expect_str_eq(tsv.out, jsonl.out);
    cr_expect_str_eq(tsv.out, pair.out);
}

Test(tools_texts, endings_come_as_arguments_columns_or_a_list) {
    test_write(folder, "choices.tsv", "endings0\tcontext\tendings1\tlabel\nfirst\tit is\tsecond one\t1\n");
    test_write(folder, "choices.jsonl", "{\"context\":\"it is\",\"endings\":[\"first\",\"second one\"]}\n");
    struct test_command given =
        test_command("tuff choose --model models/bert-tiny-multichoice --json 'it is' first 'second one'");
    cr_expect(strstr(given.out, "\"scores\":[") != NULL, "%s", given.err);
    cr_expect_str_eq(
        test_command("tuff choose --model models/bert-tiny-multichoice --json --file choices.tsv").out,
        given.out);
    cr_expect_str_eq(
        test_command("tuff choose --model models/bert-tiny-multichoice --json --file choices.jsonl").out,
        given.out);
}

Test(tools_texts, what_was_cut_is_said) {
    struct test_command run = test_command(
        "tuff classify --model models/bert-tiny-seqcls3 --max-length 4 'one two three four' one");
    cr_expect_eq(run.code, 0);
    cr_expect(strstr(run.err, "1 of 2 texts were longer than 4 tokens") != NULL, "%s", run.err);
    run = test_command(
        "tuff classify --model models/bert-tiny-seqcls3 --quiet --max-length 4 'one two three four'");
    cr_expect_str_eq(run.err, "");
}

Test(tools_texts, independent_labels_have_a_threshold) {
    struct test_command run =
        test_command("tuff classify --model models/bert-tiny-multilabel --threshold 1 --json a");
    cr_expect(strstr(run.out, "\"labels\":[]}") != NULL, "%s", run.out);
    run = test_command("tuff classify --model models/bert-tiny-multilabel --threshold 0 --json a");
    size_t count = 0;
    for (const char *at = run.out; (at = strstr(at, "{\"label\"")) != NULL; at++)
        count++;
    cr_expect_eq(count, 5, "%s", run.out);
}

/* They name the project's own small models, from the top of the checkout. */
Test(tools_texts, examples_run_as_they_stand) {
    static const char *const commands[] = { "classify", "fill-mask", "next-sentence", "rank",
                                            "choose",   "tag",       "answer",        "step" };
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct test_command run =
            test_command("tuff %s --help | sed '1,/^example/d' >example.sh\n"
                         "example=$PWD/example.sh; cd '" TUFF_SOURCE_DIR "'; . \"$example\"",
                         commands[i]);
        cr_expect_eq(run.code, 0, "%s: %s", commands[i], run.err);
        cr_expect(run.out_size > 0, "%s", commands[i]);
    }
}
