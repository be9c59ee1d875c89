/* SPDX-License-Identifier: Apache-2.0 */
/* What each format gives, and what is refused or passed over with which words. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/folder.h"
#include "task/dataset.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
}

static void remove_folder(void) {
    test_folder_remove(folder);
}

TestSuite(task_dataset, .init = enter_folder, .fini = remove_folder);

/* Every example as "line|text|text|label|label|number" with a newline behind it. */
static const char *show(const struct tuff_dataset *dataset) {
    static char text[4096];
    int length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tuff_example *example = &dataset->examples[i];
        length += snprintf(text + length, sizeof text - (size_t)length, "%d", (int)example->line);
        for (uint32_t j = 0; j < example->text_count; j++)
            length += snprintf(text + length, sizeof text - (size_t)length, "|%.*s",
                               (int)example->texts[j].length, example->texts[j].data);
        for (uint32_t j = 0; j < example->label_count; j++)
            length += snprintf(text + length, sizeof text - (size_t)length, "|%d", (int)example->labels[j]);
        if (example->has_number)
            length += snprintf(text + length, sizeof text - (size_t)length, "|%g", example->number);
        for (uint32_t j = 0; j < example->answer_count; j++)
            length += snprintf(text + length, sizeof text - (size_t)length, "|%u-%u",
                               example->answers[j].start, example->answers[j].end);
        length += snprintf(text + length, sizeof text - (size_t)length, "\n");
    }
    return text;
}

struct row {
    const char *name;
    const char *content;
    struct tuff_dataset_options options;
    const char *expected; /* the examples, or what the refusal says */
    size_t skipped;
};

static void expect_examples(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct tuff_dataset dataset;
        test_write(folder, rows[i].name, rows[i].content);
        const tuff_status status =
            tuff_dataset_read(test_path(folder, rows[i].name), &rows[i].options, &dataset);
        cr_assert_eq(status, TUFF_OK, "row %zu: %s", i, tuff_error_message());
        cr_expect_str_eq(show(&dataset), rows[i].expected, "row %zu: %s", i, show(&dataset));
        cr_expect_eq(dataset.skipped, rows[i].skipped, "row %zu", i);
        tuff_dataset_free(&dataset);
    }
}

static void expect_refusals(const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct tuff_dataset dataset;
        test_write(folder, rows[i].name, rows[i].content);
        const tuff_status status =
            tuff_dataset_read(test_path(folder, rows[i].name), &rows[i].options, &dataset);
        cr_expect_neq(status, TUFF_OK, "row %zu: %s", i, show(&dataset));
        cr_expect(strstr(tuff_error_message(), rows[i].expected) != NULL, "row %zu: %s", i,
                  tuff_error_message());
        cr_expect(strstr(tuff_error_message(), rows[i].name) != NULL, "row %zu: %s", i, tuff_error_message());
        tuff_dataset_free(&dataset);
    }
}

static char *no_yes[] = { "no", "yes" };
static const struct tuff_label_names two = { no_yes, 2 };

#define CLASS(...)                                                                                           \
    { .kind = TUFF_DATASET_CLASS, __VA_ARGS__ }

Test(task_dataset, tables_give_columns_by_name) {
    const struct row rows[] = {
        { "a.tsv", "label\tsentence\nyes\t\"q\nno\tb,c\r\n\n", CLASS(.labels = &two), "2|\"q|1\n3|b,c|0\n",
          0 },
        { "a.tsv", "\xef\xbb\xbfsentence\tlabel\nx\t1\ny\t0", CLASS(.labels = &two), "2|x|1\n3|y|0\n", 0 },
        /* Labels that nobody named are sorted, numbers by their value. */
        { "a.tsv", "text\tlabel\nx\t10\ny\t9\nz\t10\n", CLASS(.limit = 0), "2|x|1\n3|y|0\n4|z|1\n", 0 },
        { "a.tsv", "u\tv\tw\nx\ty\tyes\n", CLASS(.text_column = "v", .pair_column = "u", .label_column = "w"),
          "2|y|x|0\n", 0 },
        { "a.csv", "text,label\r\n\"a, \"\"b\"\"\nc\",yes\r\n,no\r\n\"\",no", CLASS(.labels = &two),
          "2|a, \"b\"\nc|1\n4||0\n5||0\n", 0 },
        { "a.csv", "text,label\na,yes\nb,no\nc,no\n", CLASS(.labels = &two, .limit = 2), "2|a|1\n3|b|0\n",
          0 },
        { "a.tsv",
          "index\tsentence1\tsentence2\tscore\n7\ta\tb\t5.000\n",
          { .kind = TUFF_DATASET_NUMBER, .label_scale = 2.5, .label_offset = 2.5 },
          "2|a|b|1\n",
          0 },
        { "a.tsv",
          "text\tlabels\na\tno,yes\nb\t\nc\tyes\n",
          { .kind = TUFF_DATASET_LABELS, .labels = &two },
          "2|a|0|1\n3|b\n4|c|1\n",
          0 },
        { "a.csv",
          "sent1,ending0,ending1,ending2,ending3,label\nq,a,b,c,d,2\n",
          { .kind = TUFF_DATASET_CHOICES },
          "2|q|a|b|c|d|2\n",
          0 },
        { "a.tsv",
          "query\tpassage\tlabel\nq\tp\t0.5\n",
          { .kind = TUFF_DATASET_RELEVANCE },
          "2|q|p|0.5\n",
          0 },
        { "a.tsv", "anchor\tpositive\nq\tp\n", { .kind = TUFF_DATASET_SIMILAR }, "2|q|p\n", 0 },
        { "a.tsv", "text\nq\n", CLASS(.is_unlabelled = true), "2|q\n", 0 },
    };
    expect_examples(rows, COUNT(rows));
}

Test(task_dataset, json_lines_give_keys_by_name) {
    const struct row rows[] = {
        { "a.jsonl", "{\"text\":\"a\",\"label\":1}\n\n{\"text\":\"b\",\"label\":\"no\"}\n",
          CLASS(.labels = &two), "1|a|1\n3|b|0\n", 0 },
        { "a.jsonl", "{\"text\":\"a\",\"label\":true}", CLASS(.labels = &two), "1|a|1\n", 0 },
        { "a.jsonl",
          "{\"text\":\"a\",\"labels\":[\"yes\",\"no\"]}\n{\"text\":\"b\",\"labels\":[]}\n",
          { .kind = TUFF_DATASET_LABELS, .labels = &two },
          "1|a|1|0\n2|b\n",
          0 },
        { "a.jsonl",
          "{\"tokens\":[\"a\",\"b\"],\"ner_tags\":[1,0]}\n",
          { .kind = TUFF_DATASET_TAGS, .labels = &two },
          "1|a|b|1|0\n",
          0 },
        { "a.jsonl",
          "{\"context\":\"q\",\"choices\":[\"a\",\"b\",\"c\"],\"label\":2}\n",
          { .kind = TUFF_DATASET_CHOICES },
          "1|q|a|b|c|2\n",
          0 },
        { "a.jsonl", "{\"text\":\"a\",\"label\":-0.25}", { .kind = TUFF_DATASET_NUMBER }, "1|a|-0.25\n", 0 },
    };
    expect_examples(rows, COUNT(rows));
}

Test(task_dataset, conll_gives_sentences) {
    const struct row rows[] = {
        { "a.conll",
          "\n\na\tyes\nb c\tno\n\n-DOCSTART-\tO\n\nd\tno",
          { .kind = TUFF_DATASET_TAGS, .labels = &two },
          "3|a|b c|1|0\n8|d|0\n",
          0 },
        { "a.txt", "a x  y O\nb x y B-p\n", { .kind = TUFF_DATASET_TAGS }, "1|a|b|0|1\n", 0 },
        { "a.conll",
          "1 a yes x\n",
          { .kind = TUFF_DATASET_TAGS, .text_column = "2", .label_column = "3" },
          "1|a|0\n",
          0 },
        { "a.conll", "a\nb\n", { .kind = TUFF_DATASET_TAGS, .is_unlabelled = true }, "1|a|b\n", 0 },
    };
    expect_examples(rows, COUNT(rows));
}

#define QUESTION(answers, more)                                                                              \
    "{\"version\":\"v2.0\",\"data\":[{\"paragraphs\":[{\"context\":\"\xc3\xa9 cat "                          \
    "sat\",\"qas\":[{\"id\":\"x\","                                                                          \
    "\"question\":\"Who?\",\"answers\":" answers more "}]}]}]}"

Test(task_dataset, squad_gives_spans_in_code_points) {
    const struct row rows[] = {
        { "a.json",
          QUESTION("[{\"text\":\"cat\",\"answer_start\":2},{\"text\":\"sat\",\"answer_start\":6}]", ""),
          { .kind = TUFF_DATASET_ANSWERS },
          "1|Who?|\xc3\xa9 cat sat|2-5|6-9\n",
          0 },
        { "a.json",
          QUESTION("[]", ",\"is_impossible\":true"),
          { .kind = TUFF_DATASET_ANSWERS },
          "1|Who?|\xc3\xa9 cat sat\n",
          0 },
        { "a.json",
          QUESTION("[]", ""),
          { .kind = TUFF_DATASET_ANSWERS, .is_unlabelled = true },
          "1|Who?|\xc3\xa9 cat sat\n",
          0 },
    };
    expect_examples(rows, COUNT(rows));
}

Test(task_dataset, records_that_are_wrong_are_refused_with_their_line) {
    const struct row rows[] = {
        { "a.tsv", "text\tlabel\na\tyes\nb\tmaybe\n", CLASS(.labels = &two), "line 3: the label 'maybe'" },
        { "a.tsv", "text\tlabel\na\tyes\n\nb\n", CLASS(.labels = &two), "line 4: has 1 cells" },
        { "a.tsv", "text\tlabel\na\tyes\tx\n", CLASS(.labels = &two), "line 2: has 3 cells" },
        { "a.tsv", "text\tlabel\n\xff\tyes\n", CLASS(.labels = &two), "line 2: is not UTF-8" },
        { "a.tsv", "text\tlabel\na\t\n", CLASS(.labels = &two), "line 2: has a label that is empty" },
        { "a.tsv", "text\tlabel\na\t2\n", CLASS(.labels = &two), "line 2: the label '2'" },
        { "a.csv", "text,label\n\"a\nb\",yes\nc\"d,no\n", CLASS(.labels = &two), "line 4: has a quote" },
        { "a.csv", "text,label\n\"a\"b,yes\n", CLASS(.labels = &two), "line 2: has something between" },
        { "a.csv", "text,label\na,yes\n\"b,yes\nc,no\n", CLASS(.labels = &two, .skips_bad = true),
          "line 3: a quote opens" },
        { "a.tsv", "text\tlabel\na\tnan\n", { .kind = TUFF_DATASET_NUMBER }, "line 2: 'nan'" },
        { "a.tsv", "text\tlabel\na\t1e999\n", { .kind = TUFF_DATASET_NUMBER }, "line 2: '1e999'" },
        { "a.tsv", "text\tlabel\na\t1x\n", { .kind = TUFF_DATASET_NUMBER }, "line 2: '1x'" },
        { "a.tsv",
          "query\tpassage\tlabel\na\tb\t2\n",
          { .kind = TUFF_DATASET_RELEVANCE },
          "line 2: the relevance" },
        { "a.jsonl", "{\"text\":\"a\",\"label\":1}\n{\"text\"\n", CLASS(.labels = &two), "line 2: " },
        { "a.jsonl", "[1]\n", CLASS(.labels = &two), "line 1: is not a JSON object" },
        { "a.jsonl", "{\"text\":\"a\"}\n", CLASS(.labels = &two), "line 1: has no \"label\"" },
        { "a.jsonl", "{\"text\":{},\"label\":1}\n", CLASS(.labels = &two), "line 1: has a field" },
        { "a.jsonl",
          "{\"tokens\":[\"a\"],\"tags\":[1,0]}\n",
          { .kind = TUFF_DATASET_TAGS, .labels = &two },
          "line 1: has 1 words, but 2 tags" },
        { "a.jsonl",
          "{\"context\":\"q\",\"choices\":[\"a\",\"b\"],\"label\":2}\n",
          { .kind = TUFF_DATASET_CHOICES },
          "line 1: its label must be" },
        { "a.jsonl",
          "{\"context\":\"q\",\"choices\":[\"a\"],\"label\":0}\n",
          { .kind = TUFF_DATASET_CHOICES },
          "line 1: has 1 choices" },
        { "a.conll", "a\tyes\nb\n", { .kind = TUFF_DATASET_TAGS, .labels = &two }, "line 2: has not" },
        { "a.conll",
          "a\tyes\nb\tmaybe\n",
          { .kind = TUFF_DATASET_TAGS, .labels = &two },
          "line 2: the label 'maybe'" },
        { "a.json",
          QUESTION("[{\"text\":\"cat\",\"answer_start\":99}]", ""),
          { .kind = TUFF_DATASET_ANSWERS },
          "question 1: its answer at 99 lies outside" },
        { "a.json",
          QUESTION("[{\"text\":\"cat\",\"answer_start\":-1}]", ""),
          { .kind = TUFF_DATASET_ANSWERS },
          "question 1: its answer at -1 lies outside" },
        { "a.json",
          QUESTION("[{\"text\":\"sat!\",\"answer_start\":6}]", ""),
          { .kind = TUFF_DATASET_ANSWERS },
          "question 1: its answer at 6 lies outside" },
        { "a.json",
          QUESTION("[{\"text\":\"cat\",\"answer_start\":3}]", ""),
          { .kind = TUFF_DATASET_ANSWERS },
          "question 1: its answer at 3 is not the text" },
        { "a.json", QUESTION("[]", ""), { .kind = TUFF_DATASET_ANSWERS }, "question 1: has no answer" },
    };
    expect_refusals(rows, COUNT(rows));
}

Test(task_dataset, files_that_are_wrong_are_always_refused) {
    const struct row rows[] = {
        { "a.tsv", "", CLASS(.skips_bad = true), "has no example" },
        { "a.tsv", "text\tlabel\n", CLASS(.skips_bad = true), "has no example" },
        { "a.tsv", "text\tclass_\nx\ty\n", CLASS(.skips_bad = true),
          "no column 'label'; its columns are: text, class_" },
        { "a.tsv", "text\tlabel\nx\ty\n", CLASS(.text_column = "body"), "no column 'body'" },
        { "a.tsv", "text\ttext\tlabel\nx\ty\tz\n", CLASS(.skips_bad = true),
          "two columns are called 'text'" },
        { "a.tsv", "text\tlabel\nx\tq\n", CLASS(.skips_bad = true, .labels = &two), "none of its 1 records" },
        { "a.tsv",
          "text\tlabel\nx\tq\n",
          { .kind = TUFF_DATASET_CLASS, .needs_pair = true },
          "no column 'pair'" },
        { "a.json", "{\"data\":[", { .kind = TUFF_DATASET_ANSWERS, .skips_bad = true }, "line 1" },
        { "a.json", "{\"data\":3}", { .kind = TUFF_DATASET_ANSWERS, .skips_bad = true }, "data: " },
        { "a.json", "{\"data\":[]}", { .kind = TUFF_DATASET_ANSWERS }, "has no example" },
        { "a.bin", "x", CLASS(.skips_bad = true), "its name tells no format" },
        { "a.conll", "x", CLASS(.skips_bad = true), "CoNLL columns hold words" },
        { "a.conll", "x y", { .kind = TUFF_DATASET_TAGS, .label_column = "0" }, "'0' is no column" },
        { "a.json", "{}", CLASS(.skips_bad = true), "SQuAD's JSON holds questions" },
    };
    expect_refusals(rows, COUNT(rows));
}

Test(task_dataset, bad_records_are_counted_where_they_may_be_passed_over) {
    const struct row rows[] = {
        { "a.tsv", "text\tlabel\na\tyes\nb\tmaybe\nc\nd\tno\n", CLASS(.labels = &two, .skips_bad = true),
          "2|a|1\n5|d|0\n", 2 },
        { "a.conll",
          "a\tyes\nb\nc\tno\n\nd\tno\n",
          { .kind = TUFF_DATASET_TAGS, .labels = &two, .skips_bad = true },
          "5|d|0\n",
          1 },
    };
    expect_examples(rows, COUNT(rows));
}

Test(task_dataset, label_files_name_each_label_once) {
    static const struct {
        const char *content, *problem;
    } bad[] = { { "", "has no label" }, { "a\nb\na\n", "line 3" }, { "a\n\nb\n", "line 2: is empty" } };
    struct tuff_label_names names;
    test_write(folder, "labels.txt", "O\nB-x\r\nI-x\n\n");
    cr_assert_eq(tuff_label_names_read(test_path(folder, "labels.txt"), &names), TUFF_OK);
    cr_expect_eq(names.count, 3);
    cr_expect_eq(tuff_label_names_find(&names, (tuff_text){ "B-x", 3 }), 1);
    cr_expect_eq(tuff_label_names_find(&names, (tuff_text){ "2", 1 }), 2);
    cr_expect_eq(tuff_label_names_find(&names, (tuff_text){ "02", 2 }), -1);
    cr_expect_eq(tuff_label_names_find(&names, (tuff_text){ "3", 1 }), -1);
    tuff_label_names_free(&names);
    for (size_t i = 0; i < COUNT(bad); i++) {
        test_write(folder, "labels.txt", bad[i].content);
        cr_expect_eq(tuff_label_names_read(test_path(folder, "labels.txt"), &names), TUFF_FORMAT);
        cr_expect(strstr(tuff_error_message(), bad[i].problem) != NULL, "%s", tuff_error_message());
    }
}
