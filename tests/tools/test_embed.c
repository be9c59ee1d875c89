/* SPDX-License-Identifier: Apache-2.0 */
/* embed: every way in (arguments, lines, TSV, JSON Lines), every way out (readable, JSON Lines, .npy), in
 * order. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char folder[TEST_PATH_SIZE];
static char model[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
    snprintf(model, sizeof(model), "%s", test_oracle("models/bert-relu"));
    cr_assert_eq(chdir(folder), 0);
}

static void remove_folder(void) {
    cr_assert_eq(chdir("/"), 0);
    test_folder_remove(folder);
}

TestSuite(tools_embed, .init = enter_folder, .fini = remove_folder, .timeout = 120);

/* One line of the output, parsed; fails the test where there are fewer. */
static json_t *line_of(const char *text, size_t index) {
    for (; index > 0; index--) {
        text = strchr(text, '\n');
        cr_assert(text != NULL, "a line is missing");
        text++;
    }
    json_error_t error;
    json_t *object = json_loadb(text, strcspn(text, "\n"), 0, &error);
    cr_assert(object != NULL, "%s in '%s'", error.text, text);
    return object;
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static double number_of(const json_t *line, size_t index) {
    return json_number_value(json_array_get(json_object_get(line, "embedding"), index));
}

Test(tools_embed, json_lines_have_index_and_embedding_alone) {
    struct test_command run = test_command("tuff embed --model %s --json 'A first.' 'A second.'", model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_eq(count_lines(run.out), 2);
    cr_expect(starts_with(run.out, "{\"index\":0,\"embedding\":["), "%.60s", run.out);
    json_t *second = line_of(run.out, 1);
    cr_expect_eq(json_object_size(second), 2);
    cr_expect_eq(json_integer_value(json_object_get(second, "index")), 1);
    cr_expect_gt(json_array_size(json_object_get(second, "embedding")), 1);
    json_decref(second);
}

/* The same texts on every road give the same vectors, whatever their place in the window. */
Test(tools_embed, arguments_lines_and_records_agree) {
    test_write(folder, "lines.txt",
               "\xEF\xBB\xBF"
               "A first.\r\nA second one, which is longer.\nA third.");
    test_write(folder, "table.tsv", "n\ttext\nx\tA first.\ny\tA second one, which is longer.\nz\tA third.\n");
    test_write(folder, "records.jsonl",
               "{\"text\":\"A first.\"}\n\n{\"text\":\"A second one, which is longer.\"}\r\n{\"text\":\"A "
               "third.\"}");
    static const char *const ways[] = {
        "'A first.' 'A second one, which is longer.' 'A third.'",
        "<lines.txt",
        "--file lines.txt",
        "--file table.tsv",
        "--file table.tsv --id-field n",
        "--file - <lines.txt",
        "--format jsonl <records.jsonl",
        "--file records.jsonl",
    };
    struct test_command first = { 0 };
    for (size_t way = 0; way < COUNT(ways); way++) {
        struct test_command run =
            test_command("tuff embed --model %s --dtype f32 --json %s", model, ways[way]);
        cr_assert_eq(run.code, 0, "%s: %s", ways[way], run.err);
        cr_assert_eq(count_lines(run.out), 3, "%s", ways[way]);
        if (way == 0)
            first = run;
        for (size_t i = 0; i < 3; i++) {
            json_t *line = line_of(run.out, i);
            json_t *expected = line_of(first.out, i);
            cr_expect_eq(json_integer_value(json_object_get(line, "index")), (json_int_t)i);
            cr_expect_float_eq(number_of(line, 1), number_of(expected, 1), 1e-5, "%s, text %zu", ways[way],
                               i);
            json_decref(expected);
            json_decref(line);
        }
    }
}

Test(tools_embed, ids_are_carried_through) {
    test_write(folder, "records.jsonl",
               "{\"text\":\"a\",\"id\":[1,\"x\"],\"name\":\"n\\u00e9\"}\n{\"text\":\"b\",\"name\":7}\n");
    struct test_command run = test_command("tuff embed --model %s --json --file records.jsonl", model);
    cr_expect(starts_with(run.out, "{\"index\":0,\"id\":[1,\"x\"],\"embedding\":["), "%.60s", run.out);
    cr_expect(strstr(run.out, "{\"index\":1,\"embedding\":[") != NULL, "%s", run.err);
    run = test_command("tuff embed --model %s --json --file records.jsonl --id-field name", model);
    cr_expect(starts_with(run.out, "{\"index\":0,\"id\":\"n\xC3\xA9\","), "%.60s", run.out);
    cr_expect(strstr(run.out, "{\"index\":1,\"id\":7,") != NULL);
    test_write(folder, "table.tsv", "id\ttext\nf\"oo\ta\n");
    run = test_command("tuff embed --model %s --json --file table.tsv", model);
    cr_expect(starts_with(run.out, "{\"index\":0,\"id\":\"f\\\"oo\","), "%.60s", run.out);
}

/* Any bytes are a text: NUL, what is not UTF-8, nothing at all. One line in, one line out. */
Test(tools_embed, odd_lines_are_texts) {
    static const char lines[] = "a\0b\n\n\xFF\xC3(\n   \n\r\n\r";
    test_write_bytes(folder, "odd.txt", lines, sizeof(lines) - 1);
    struct test_command run = test_command("tuff embed --model %s --json --file odd.txt", model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect_eq(count_lines(run.out), 6);
}

Test(tools_embed, no_input_gives_no_output) {
    struct test_command run = test_command("tuff embed --model %s --json </dev/null", model);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect_eq(run.out_size, 0);
    run = test_command("tuff embed --model %s --out none.npy </dev/null", model);
    cr_expect_eq(run.code, 0, "%s", run.err);
    size_t size = 0;
    char *bytes = test_read("none.npy", &size);
    cr_expect_eq(size, 128);
    cr_expect(memmem(bytes, size, "'shape': (0, ", 13) != NULL);
}

Test(tools_embed, bad_records_are_named_by_line) {
    static const struct {
        const char *name;
        const char *content;
        const char *sentence;
    } rows[] = {
        { "a.jsonl", "{\"text\":\"a\"}\n\n{\"text\":1}\n",
          "a.jsonl: line 3: \"text\" is a number, a string is wanted" },
        { "b.jsonl", "{\"text\":\"a\"}\n{\"txt\":\"b\"}\n", "b.jsonl: line 2: it has no \"text\"" },
        { "c.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"\n", "c.jsonl: line 2: it is not JSON" },
        { "d.jsonl", "{\"text\":\"a\"}\n[\"b\"]\n", "d.jsonl: line 2: it is a list, an object is wanted" },
        { "e.jsonl", "{\"text\":\"a\"}\n{\"text\":\"\xFF\"}\n", "e.jsonl: line 2: it is not JSON" },
        { "f.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\",\"text\":\"c\"}\n",
          "f.jsonl: line 2: it is not JSON" },
        { "g.jsonl", "{\"text\":\"a\"}\n{\"text\":[\"b\"]}\n", "g.jsonl: line 2: \"text\" is a list" },
        { "h.tsv", "id\ttext\n1\ta\n2\tb\tc\n",
          "h.tsv: line 3: it has 3 columns where the first line has 2" },
        { "i.tsv", "id\ttext\n1\ta\n2\n", "i.tsv: line 3: it has 1 columns where the first line has 2" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_write(folder, rows[i].name, rows[i].content);
        struct test_command run = test_command("tuff embed --model %s --json --file %s", model, rows[i].name);
        cr_expect_eq(run.code, 1, "%s", rows[i].name);
        cr_expect(strstr(run.err, rows[i].sentence) != NULL, "%s: %s", rows[i].name, run.err);
        run = test_command("tuff embed --model %s --json --skip-bad --file %s", model, rows[i].name);
        cr_expect_eq(run.code, 1, "%s", rows[i].name);
        cr_expect_eq(count_lines(run.out), 1, "%s: %s", rows[i].name, run.out);
        cr_expect(strstr(run.err, "1 of 2 records could not be used") != NULL, "%s: %s", rows[i].name,
                  run.err);
    }
}

Test(tools_embed, a_line_beyond_16_mib_is_bad) {
    struct test_command run = test_command(
        "(echo a; head -c 20000000 /dev/zero | tr '\\0' ' '; echo; echo b) | tuff embed --model %s --json",
        model);
    cr_expect_eq(run.code, 1);
    cr_expect(strstr(run.err, "standard input: line 2: it is longer than 16 MiB") != NULL, "%s", run.err);
    run = test_command("(echo a; head -c 20000000 /dev/zero | tr '\\0' ' '; echo; echo b) |"
                       " tuff embed --model %s --json --skip-bad",
                       model);
    cr_expect_eq(run.code, 1);
    cr_expect_eq(count_lines(run.out), 2, "%s", run.err);
    cr_expect(strstr(run.out, "{\"index\":2,") != NULL);
}

Test(tools_embed, an_array_holds_the_numbers_of_the_lines) {
    struct test_command json =
        test_command("tuff embed --model %s --dtype f32 --json one 'two three'", model);
    struct test_command run =
        test_command("tuff embed --model %s --dtype f32 --out v.npy one 'two three'", model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_expect_eq(run.out_size, 0);
    json_t *line = line_of(json.out, 1);
    size_t count = json_array_size(json_object_get(line, "embedding"));
    size_t size = 0;
    char *bytes = test_read("v.npy", &size);
    char header[128];
    snprintf(header, sizeof(header), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, %zu), }", count);
    cr_expect_eq(memcmp(bytes, "\x93NUMPY\x01\x00\x76\x00", 10), 0);
    cr_expect(strstr(bytes + 10, header) == bytes + 10, "%.118s", bytes + 10);
    cr_expect_eq(bytes[127], '\n');
    cr_assert_eq(size, 128 + 2 * count * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        float number;
        memcpy(&number, bytes + 128 + (count + i) * sizeof(float), sizeof(number));
        cr_expect_eq(number, (float)number_of(line, i), "number %zu", i);
    }
    json_decref(line);
}

Test(tools_embed, texts_that_are_cut_are_counted) {
    struct test_command run =
        test_command("tuff embed --model %s --max-length 4 --json a 'a b c d e f' 'a b c d e f g'", model);
    cr_expect_eq(run.code, 0);
    cr_expect(strstr(run.err, "2 of 3 texts were longer than 4 tokens") != NULL, "%s", run.err);
    run = test_command("tuff embed --model %s --quiet --max-length 4 --json 'a b c d e f'", model);
    cr_expect_str_eq(run.err, "");
}

/* What was under the name stays until all of the new is there. */
Test(tools_embed, a_failure_keeps_the_old_file) {
    test_write(folder, "old.txt", "old\n");
    test_write(folder, "bad.jsonl", "{\"text\":\"a\"}\nx\n");
    struct test_command run = test_command("tuff embed --model %s --out old.txt --file bad.jsonl; ls", model);
    cr_expect_str_eq(run.out, "bad.jsonl\nold.txt\n");
    cr_expect_str_eq(test_read("old.txt", NULL), "old\n");
    run = test_command("tuff embed --model ./absent --out old.txt text; ls");
    cr_expect_str_eq(run.out, "bad.jsonl\nold.txt\n");
    cr_expect_str_eq(test_read("old.txt", NULL), "old\n");
    cr_expect_eq(test_command("tuff embed --model %s --out /dev/full text", model).code, 1);
    cr_expect_eq(test_command("tuff embed --model %s text >/dev/full", model).code, 1);
    cr_expect_eq(test_command("tuff embed --model %s text >&-", model).code, 1);
}

Test(tools_embed, an_interrupt_leaves_nothing_half_written) {
    struct test_command run =
        test_command("mkfifo pipe; tuff embed --model %s --out v.npy --file pipe & pid=$!\n"
                     "(echo a; sleep 60) >pipe & writer=$!\n"
                     "sleep 2; kill -INT $pid; wait $pid; echo code $?; kill $writer; ls",
                     model);
    cr_expect_str_eq(run.out, "code 130\npipe\n", "%s %s", run.out, run.err);
}

Test(tools_embed, head_ends_it_quietly) {
    struct test_command run = test_command(
        "seq 1 20000 | (tuff embed --model %s --json; echo code $? >&2) | head -n 1 | cut -c 1-10", model);
    cr_expect_str_eq(run.out, "{\"index\":0\n");
    cr_expect(strstr(run.err, "code 0\n") != NULL && strstr(run.err, "cannot") == NULL, "%s", run.err);
}

Test(tools_embed, search_puts_the_nearest_line_first) {
    test_write(folder, "notes.txt", "nothing of the kind\n\nthe same words here\nother things\n");
    struct test_command run =
        test_command("tuff search --model %s --json --top-k 2 --file notes.txt 'the same words here'", model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    cr_assert_eq(count_lines(run.out), 2);
    json_t *line = line_of(run.out, 0);
    cr_expect_eq(json_integer_value(json_object_get(line, "line")), 3);
    cr_expect_float_eq(json_number_value(json_object_get(line, "score")), 1.0, 1e-3);
    cr_expect_str_eq(json_string_value(json_object_get(line, "text")), "the same words here");
    json_decref(line);
    run = test_command("tuff search --model %s --top-k 1 --file notes.txt 'the same words here'", model);
    cr_expect(strstr(run.out, "       3  the same words here\n") != NULL, "%s", run.out);
    run = test_command("tuff search --model %s --file /dev/null query", model);
    cr_expect_eq(run.code, 0, "%s", run.err);
    cr_expect_eq(run.out_size, 0);
}

/* The table of times names every kernel that ran, the slowest first. */
Test(tools_embed, profile_times_each_kernel) {
    struct test_command run = test_command("tuff embed --model %s --profile 'A first text.'", model);
    cr_assert_eq(run.code, 0, "%s", run.err);
    static const char *const kernels[] = { "matmul_", "attention_forward", "layer_norm_forward", "embedding_",
                                           "pool_" };
    for (size_t i = 0; i < COUNT(kernels); i++)
        cr_expect(strstr(run.err, kernels[i]) != NULL, "%s: %s", kernels[i], run.err);
    char *line = strstr(run.err, "us a run");
    cr_assert(line != NULL, "%s", run.err);
    double last = 1e30, total = 0, ms = 0;
    char kernel[64], variant[64];
    unsigned long long runs = 0;
    for (line = strchr(line, '\n') + 1; sscanf(line, "%63s %63s %llu %lf", kernel, variant, &runs, &ms) == 4;
         line = strchr(line, '\n') + 1) {
        cr_expect(ms <= last && runs > 0, "%s", run.err);
        last = ms;
        total += ms;
    }
    cr_assert_eq(sscanf(line, "all %lf", &ms), 1, "%s", run.err);
    cr_expect(total > 0 && total < 1.001 * ms + 0.05 && total > 0.999 * ms - 0.05, "%g of %g", total, ms);
}

Test(tools_embed, memory_has_a_limit) {
    struct test_command all = test_command("tuff embed --json --model %s 'a good day' cat", model);
    cr_assert_eq(all.code, 0, "%s", all.err);
    struct test_command enough =
        test_command("tuff embed --json --memory-limit 64 --model %s 'a good day' cat", model);
    cr_assert_eq(enough.code, 0, "%s", enough.err);
    cr_expect_str_eq(enough.out, all.out);
    struct test_command little = test_command("tuff embed --memory-limit 1 --model %s cat", model);
    cr_expect_eq(little.code, 1);
    cr_expect(strstr(little.err, "MiB of device memory cannot be had"), "%s", little.err);
    cr_expect_eq(test_command("tuff embed --memory-limit some --model %s cat", model).code, 2);
}
