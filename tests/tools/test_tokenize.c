/* SPDX-License-Identifier: Apache-2.0 */
/* tuff tokenize, as a user runs it. */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "support/command.h"
#include "support/folder.h"
#include "support/tokenizer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    cr_assert_eq(chdir(folder), 0);
    const struct test_tokenizer usual = { 0 };
    test_tokenizer_write(test_path(folder, "model"), &usual);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_tokenize, .init = enter_folder, .fini = remove_folder);

Test(tools_tokenize, text_gives_a_line_of_tokens_each) {
    struct test_command run = test_command("tuff tokenize --model model 'ab!' 'Baa [MASK]'");
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_str_eq(run.out, "[CLS] ab ! [SEP]\n[CLS] b ##a ##a [MASK] [SEP]\n");
    run = test_command("printf 'ab\\n\\nb' | tuff tokenize --model model --ids");
    cr_assert_str_eq(run.out, "2 9 3\n2 3\n2 7 3\n");
}

Test(tools_tokenize, json_has_the_fields_of_a_window) {
    test_write(folder, "in.jsonl",
               "{\"id\":\"x\",\"text\":\"a\\u0000b \\u00c9\",\"pair\":\"b "
               "b\",\"max_length\":6,\"strategy\":\"only_second\","
               "\"pad\":{\"length\":7,\"direction\":\"left\"}}\n");
    const struct test_command run = test_command("tuff tokenize --model model --json <in.jsonl");
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_str_eq(
        run.out, "{\"index\":0,\"id\":\"x\",\"input_ids\":[0,2,9,1,3,7,3],\"token_type_ids\":[0,0,0,0,0,1,1],"
                 "\"attention_mask\":[0,1,1,1,1,1,1],\"offsets\":[[0,0],[0,0],[0,3],[4,5],[0,0],[0,1],[0,0]],"
                 "\"tokens\":[\"[PAD]\",\"[CLS]\",\"ab\",\"[UNK]\",\"[SEP]\",\"b\",\"[SEP]\"],\"overflow\":["
                 "{\"input_ids\":[0,2,9,1,3,7,3],\"token_type_ids\":[0,0,0,0,0,1,1],"
                 "\"attention_mask\":[0,1,1,1,1,1,1],\"offsets\":[[0,0],[0,0],[0,3],[4,5],[0,0],[2,3],[0,0]],"
                 "\"tokens\":[\"[PAD]\",\"[CLS]\",\"ab\",\"[UNK]\",\"[SEP]\",\"b\",\"[SEP]\"]}]}\n");
}

Test(tools_tokenize, refused_lines_say_why_and_the_run_goes_on) {
    static const struct {
        const char *line;
        const char *reason;
    } rows[] = {
        { "{\"text\":", "" },
        { "[]", "not a JSON object" },
        { "{}", "no \\\"text\\\"" },
        { "{\"text\":1}", "not a string" },
        { "{\"text\":\"a\",\"pair\":[]}", "not a string" },
        { "{\"text\":\"a\",\"max_length\":-1}", "whole numbers" },
        { "{\"text\":\"a\",\"max_length\":2.5}", "whole numbers" },
        { "{\"text\":\"a\",\"strategy\":\"shortest\",\"max_length\":4}", "longest_first" },
        { "{\"text\":\"a\",\"strategy\":\"only_first\"}", "max_length" },
        { "{\"text\":\"a a a\",\"strategy\":\"only_second\",\"max_length\":3}", "second text" },
        { "{\"text\":\"a a a\",\"max_length\":3,\"stride\":1}", "stride" },
        { "{\"text\":\"a\",\"pad\":8}", "pad" },
        { "{\"text\":\"a\",\"pad\":{\"length\":8,\"direction\":\"up\"}}", "left or right" },
        { "{\"text\":\"a\",\"pad\":{\"length\":4294967295}}", "tokens" },
        { "{\"text\":\"a\",\"add_special_tokens\":1}", "true or false" },
        { "{\"text\":\"\\ud800\"}", "" },
    };
    char text[4096] = "";
    for (size_t i = 0; i < COUNT(rows); i++) {
        strcat(text, rows[i].line);
        strcat(text, "\n");
    }
    strcat(text, "{\"text\":\"a\",\"add_special_tokens\":null}\n");
    test_write(folder, "in.jsonl", text);
    const struct test_command run = test_command("tuff tokenize --model model --json --file in.jsonl");
    cr_assert_eq(run.code, 0, "%s", run.err);
    char *line = strtok(run.out, "\n");
    for (size_t i = 0; i < COUNT(rows); i++, line = strtok(NULL, "\n")) {
        cr_assert(line && strstr(line, "\"error\":\""), "row %zu: %s", i, line);
        cr_expect(strstr(line, rows[i].reason) != NULL, "row %zu: %s", i, line);
    }
    cr_assert(line && strstr(line, "\"input_ids\":[2,5,3]"), "%s", line);
    cr_assert(strstr(run.err, "16 of 17 lines were refused"), "%s", run.err);
}

Test(tools_tokenize, a_folder_that_cannot_be_used_exits_1) {
    const struct test_command run = test_command("tuff tokenize --model absent text");
    cr_assert_eq(run.code, 1);
    cr_assert_eq(run.out_size, 0);
    cr_assert(strstr(run.err, "absent"), "%s", run.err);
    cr_assert_eq(test_command("tuff tokenize --model model --file in.txt text").code, 2);
}
