/* SPDX-License-Identifier: Apache-2.0 */
/* tag and answer as they are used: arguments, records, documents, long texts, and what is refused. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[TEST_PATH_SIZE];
static char tagger[TEST_PATH_SIZE];
static char reader[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    snprintf(tagger, sizeof(tagger), "%s", test_oracle("models/bert-tiny-tokencls"));
    snprintf(reader, sizeof(reader), "%s", test_oracle("models/bert-tiny-qa"));
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_spans, .init = enter_folder, .fini = remove_folder, .timeout = 120);

static json_t *parse(const char *text) {
    json_error_t error;
    json_t *value = json_loads(text, JSON_DISABLE_EOF_CHECK, &error);
    cr_assert(value != NULL, "%s in '%.200s'", error.text, text);
    return value;
}

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* ---------------------------------------------------------------- answer */

Test(tools_spans, arguments_are_questions_and_contexts_in_turn) {
    struct test_command run =
        test_command("tuff answer --model %s 'Who?' 'A man.' 'Where?' 'At sea.'", reader);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(strstr(run.out, "Who?\n  ") == run.out, "%s", run.out);
    cr_expect(strstr(run.out, "\nWhere?\n  ") != NULL, "%s", run.out);
}

/* Offsets are code points of the context, and the answer is what stands there. */
Test(tools_spans, an_answer_is_cut_from_its_context) {
    test_write(
        folder, "c.jsonl",
        "{\"id\":\"q\",\"question\":\"Où?\",\"context\":\"\xE6\x9D\xB1\xE4\xBA\xAC \xC3\xA9t\xC3\xA9\"}\n");
    struct test_command run = test_command("tuff answer --model %s --json --top-k 20 --file c.jsonl", reader);
    cr_assert_eq(run.code, 0, "%s", run.err);
    json_t *line = parse(run.out);
    cr_expect_str_eq(text_at(line, "id"), "q");
    const json_t *answers = json_object_get(line, "answers");
    bool is_found = false;
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *answer = json_array_get(answers, i);
        if (strcmp(text_at(answer, "answer"), "\xC3\xA9t\xC3\xA9") != 0)
            continue;
        is_found = true;
        cr_expect_eq(json_integer_value(json_object_get(answer, "start")), 3);
        cr_expect_eq(json_integer_value(json_object_get(answer, "end")), 6);
    }
    cr_expect(is_found, "%s", run.out);
    json_decref(line);
}

/* The same document gives the same answer, alone or among others; the best comes first, with its line. */
Test(tools_spans, the_best_answers_of_many_documents) {
    test_write(folder, "d.tsv", "id\tcontext\nx\tRain in London.\ny\tA storm at sea.\nz\tThe old bridge.\n");
    struct test_command run = test_command(
        "tuff answer --model %s --dtype f32 --json --question 'Where?' --top-k 4 --file d.tsv", reader);
    cr_assert_eq(run.code, 0, "%s", run.err);
    double before = 2.0;
    size_t count = 0;
    for (const char *at = run.out; *at; at = strchr(at, '\n') + 1, count++) {
        json_t *line = parse(at);
        const double score = json_number_value(json_object_get(line, "score"));
        cr_expect_leq(score, before);
        cr_expect_eq(json_integer_value(json_object_get(line, "line")),
                     json_integer_value(json_object_get(line, "index")) + 2);
        cr_expect_eq(text_at(line, "id")[0], 'x' + (char)json_integer_value(json_object_get(line, "index")));
        before = score;
        json_decref(line);
    }
    cr_expect_eq(count, 4);
    struct test_command lines = test_command(
        "tuff answer --model %s --dtype f32 --question 'Where?' 'Rain in London.' '' 'A storm at sea.'",
        reader);
    cr_expect_eq(lines.code, 1);
    cr_expect(strstr(lines.err, "text 2: its context is empty") != NULL, "%s", lines.err);
}

Test(tools_spans, no_answer_takes_part_where_it_may) {
    struct test_command run = test_command(
        "tuff answer --model %s --json --top-k 100 --handle-impossible-answer 'Who?' 'A man.'", reader);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect(strstr(run.out, "\"start\":0,\"end\":0,\"answer\":\"\"}") != NULL, "%s", run.out);
    run = test_command("tuff answer --model %s --json --top-k 100 'Who?' 'A man.'", reader);
    cr_expect(strstr(run.out, "\"answer\":\"\"") == NULL, "%s", run.out);
    run =
        test_command("tuff answer --model %s --json --top-k 100 --handle-impossible-answer --question 'Who?'"
                     " 'A man.' 'A ship.'",
                     reader);
    cr_expect(strstr(run.out, "\n{\"score\":") != NULL, "%s", run.out);
}

/* ---------------------------------------------------------------- tag */

/* The windows of a long text cover all of it: with nothing ignored and each token by itself, every token has
 * its label, once and in its place. */
Test(tools_spans, windows_cover_a_long_text) {
    struct test_command run = test_command(
        "seq 1 300 | tr '\\n' ' ' | tuff tag --model %s --json --ignore-labels '' --stride 7", tagger);
    cr_assert_eq(run.code, 0, "%s", run.err);
    json_t *line = parse(run.out);
    const json_t *entities = json_object_get(line, "entities");
    json_int_t end = 0;
    cr_expect_gt(json_array_size(entities), 300);
    for (size_t i = 0; i < json_array_size(entities); i++) {
        const json_t *entity = json_array_get(entities, i);
        const json_int_t start = json_integer_value(json_object_get(entity, "start"));
        cr_expect(start == end || start == end + 1, "token %zu begins at %d", i, (int)start);
        cr_expect_eq(json_integer_value(json_object_get(entity, "index")), (json_int_t)i + 1);
        end = json_integer_value(json_object_get(entity, "end"));
    }
    cr_expect_eq(end, 9 * 2 + 90 * 3 + 201 * 4 - 1);
    json_decref(line);
}

Test(tools_spans, ignored_labels_are_left_away) {
    struct test_command run = test_command(
        "tuff tag --model %s --ignore-labels LABEL_0,LABEL_1,LABEL_2,LABEL_3,LABEL_4,LABEL_5,LABEL_6 'a b'",
        tagger);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect_str_eq(run.out, "a b\n");
}

Test(tools_spans, an_empty_text_has_no_entities) {
    struct test_command run = test_command("printf '\\n \\n' | tuff tag --model %s --json", tagger);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect_str_eq(run.out, "{\"index\":0,\"entities\":[]}\n{\"index\":1,\"entities\":[]}\n");
}

/* ---------------------------------------------------------------- what is refused */

Test(tools_spans, what_cannot_be_used_is_said_in_a_sentence) {
    static const struct {
        const char *command; /* behind the model */
        bool is_tagger;
        int code;
        const char *sentence;
    } rows[] = {
        { "answer q ' '", false, 1, "text 1: its context is empty" },
        { "answer '' c", false, 1, "text 1: its question is empty" },
        { "answer q", false, 1, "there are 1" },
        { "answer --max-length 4 a b", false, 1, "no room for the context in a window of 4" },
        { "answer --max-length 65 a b", false, 1, "the model has positions for 64" },
        { "answer --doc-stride 60 a b", false, 1, "not more than the stride of 60" },
        { "answer --top-k 0 a b", false, 2, "top-k" },
        { "answer a b", true, 1, "but the folder has token_classification" },
        { "tag a", false, 1, "but the folder has question_answering" },
        { "tag --max-length 2 a", true, 1, "leaves no room" },
        { "tag --aggregation none --max-length 6 --stride 4 'a b c d e f'", true, 1,
          "stride of 4 leaves no room" },
        { "tag --aggregation most a", true, 2, "most" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_command run =
            test_command("tuff %s --model %s", rows[i].command, rows[i].is_tagger ? tagger : reader);
        cr_expect_eq(run.code, rows[i].code, "%s: %d", rows[i].command, run.code);
        cr_expect(strstr(run.err, rows[i].sentence) != NULL, "%s: %s", rows[i].command, run.err);
    }
}

Test(tools_spans, bad_records_are_named_by_line) {
    test_write(folder, "bad.jsonl",
               "{\"question\":\"a\"}\n{\"question\":\"a\",\"context\":\"b c\"}\n"
               "{\"question\":\"a\",\"context\":\"\"}\n{\"question\":\"b\",\"context\":\"d\"}\n");
    struct test_command run =
        test_command("tuff answer --model %s --json --skip-bad --file bad.jsonl", reader);
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "line 1: it has no \"context\"") != NULL, "%s", run.err);
    cr_expect(strstr(run.err, "line 3: its context is empty") != NULL, "%s", run.err);
    cr_expect(strstr(run.err, "2 of 4 records could not be used") != NULL, "%s", run.err);
    cr_expect(strstr(run.out, "{\"index\":1,") == run.out && strstr(run.out, "\n{\"index\":3,") != NULL, "%s",
              run.out);
    run = test_command("tuff answer --model %s --json --file bad.jsonl", reader);
    cr_expect_eq(run.code, 1);
    test_write(folder, "pair.jsonl", "{\"text\":\"a\",\"text_pair\":\"b\"}\n");
    run = test_command("tuff tag --model %s --json --file pair.jsonl", tagger);
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "line 1: it has \"text_pair\"; tag takes single texts") != NULL, "%s", run.err);
}
