/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to texts: added tokens, wrong UTF-8, windows. Expected values are those of tokenizers 0.23.3.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/tokenizer.h"
#include "task/tokenizer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT(literal) ((tuff_text){ literal, sizeof(literal) - 1 })

/* Normalised and stripping both sides; a word of its own; stripping left; beginning with a space. */
static const char added_tokens[] =
    "[{\"id\":13,\"content\":\"[NEW]\",\"single_word\":false,\"lstrip\":true,\"rstrip\":true,\"normalized\":"
    "true,"
    "\"special\":false},"
    "{\"id\":14,\"content\":\"Q\",\"single_word\":true,\"lstrip\":false,\"rstrip\":false,\"normalized\":"
    "false,"
    "\"special\":false},"
    "{\"id\":15,\"content\":\"<M>\",\"single_word\":false,\"lstrip\":true,\"rstrip\":false,\"normalized\":"
    "false,"
    "\"special\":true},"
    "{\"id\":16,\"content\":\" "
    "sp\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
    "\"special\":false},"
    "{\"id\":17,\"content\":\"<R>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":true,\"normalized\":"
    "false,"
    "\"special\":false}]";

Test(task_tokenizer_text, attributes_of_added_tokens_are_honoured) {
    static const struct {
        tuff_text text;
        const char *shown;
    } rows[] = {
        { { "a  [NEW]  b", 11 }, "5:0-1 13:1-10 7:10-11" },
        { { "a [new] Q aQ Q! Q_", 18 }, "5:0-1 13:1-8 14:8-9 1:10-12 14:13-14 10:14-15 1:16-17 1:17-18" },
        { { "Q\xcc\x81", 3 }, "1:0-1" },
        { { "a  <M> b", 8 }, "5:0-1 15:1-6 7:7-8" },
        { { "a  <M>  <M>", 11 }, "5:0-1 15:1-6 15:6-11" },
        { { "<R> sp", 6 }, "17:0-4 16:3-6" },
        { { "<R>   sp sp", 11 }, "17:0-6 16:5-8 16:8-11" },
        { { "[NEW] \xc2\xa0 [NEW]", 14 }, "13:0-8 13:8-13" },
        { { "a\0<M>b", 6 }, "5:0-1 15:2-5 7:5-6" },
        { { "aQ\0", 3 }, "1:0-2" },
        { { "\0[ne\0w]", 7 }, "13:1-7" },
        { { "x\xc3\x81[NeW]\xcc\x81 q", 12 }, "1:0-2 13:2-9 1:9-10" },
    };
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ .added_tokens = added_tokens });
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.no_special_tokens = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *shown = test_tokenizer_show(tokenizer, rows[i].text, NULL, &options);
        cr_expect_str_eq(shown, rows[i].shown, "row %zu: %s", i, shown);
    }
    tuff_tokenizer_close(tokenizer);
}

Test(task_tokenizer_text, tokens_are_shown_as_they_stood) {
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ .added_tokens = added_tokens });
    tuff_encodings *encodings = NULL;
    cr_assert_eq(tuff_encode(tokenizer, TEXT("a  [NEW]  zb <M>"), &TEXT("b <R> "), NULL, &encodings),
                 TUFF_OK);
    static const char *const expected[] = { "[CLS]", "a", "  [new]  ", "[UNK]", " <M>",
                                            "[SEP]", "b", "<R> ",      "[SEP]" };
    static const int32_t words[] = { -1, 0, 1, 2, 3, -1, 0, 1, -1 };
    static const int8_t sequences[] = { -1, 0, 0, 0, 0, -1, 1, 1, -1 };
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    cr_assert_eq(encoding->count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        cr_expect_str_eq(tuff_encodings_token(encodings, tokenizer, 0, i), expected[i]);
        cr_expect_eq(encoding->words[i], words[i]);
        cr_expect_eq(encoding->sequences[i], sequences[i]);
    }
    cr_assert_null(tuff_encodings_token(encodings, tokenizer, 0, COUNT(expected)));
    cr_assert_null(tuff_encodings_token(encodings, tokenizer, 1, 0));
    cr_assert_null(tuff_encodings_get(encodings, 1));
    tuff_encodings_free(encodings);
    tuff_tokenizer_close(tokenizer);
}

Test(task_tokenizer_text, windows_come_in_the_order_of_hugging_face) {
    static const struct {
        tuff_truncation truncation;
        uint32_t max_length, stride;
        bool no_special_tokens;
        const char *shown; /* of "aa b" with "b b b" */
    } rows[] = {
        { TUFF_TRUNCATE_LONGEST_FIRST, 2, 0, true,
          "5:0-1 7:0-1 | 6:1-2 7:0-1 | 6:1-2 7:2-3 | 6:1-2 7:4-5 | 7:3-4 7:0-1 | 7:3-4 7:2-3 | 7:3-4 7:4-5 | "
          "5:0-1 7:2-3 | 5:0-1 7:4-5" },
        { TUFF_TRUNCATE_LONGEST_FIRST, 3, 0, false,
          "2:0-0 3:0-0 3:0-0 | 2:0-0 5:0-1 6:1-2 7:3-4 3:0-0 3:0-0 | "
          "2:0-0 5:0-1 6:1-2 7:3-4 3:0-0 7:0-1 7:2-3 7:4-5 3:0-0 | 2:0-0 3:0-0 7:0-1 7:2-3 7:4-5 3:0-0" },
        /* Less than the special tokens alone: Hugging Face does not truncate. */
        { TUFF_TRUNCATE_LONGEST_FIRST, 2, 0, false, "2:0-0 5:0-1 6:1-2 7:3-4 3:0-0 7:0-1 7:2-3 7:4-5 3:0-0" },
        { TUFF_TRUNCATE_ONLY_FIRST, 7, 0, false,
          "2:0-0 5:0-1 3:0-0 7:0-1 7:2-3 7:4-5 3:0-0 | 2:0-0 6:1-2 3:0-0 7:0-1 7:2-3 7:4-5 3:0-0 | "
          "2:0-0 7:3-4 3:0-0 7:0-1 7:2-3 7:4-5 3:0-0" },
        { TUFF_TRUNCATE_ONLY_SECOND, 8, 1, false,
          "2:0-0 5:0-1 6:1-2 7:3-4 3:0-0 7:0-1 7:2-3 3:0-0 | 2:0-0 5:0-1 6:1-2 7:3-4 3:0-0 7:2-3 7:4-5 "
          "3:0-0" },
    };
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ 0 });
    for (size_t i = 0; i < COUNT(rows); i++) {
        tuff_encode_options options = TUFF_ENCODE_OPTIONS;
        options.truncation = rows[i].truncation;
        options.max_length = rows[i].max_length;
        options.stride = rows[i].stride;
        options.no_special_tokens = rows[i].no_special_tokens;
        const char *shown = test_tokenizer_show(tokenizer, TEXT("aa b"), &TEXT("b b b"), &options);
        cr_expect_str_eq(shown, rows[i].shown, "row %zu: %s", i, shown);
    }
    tuff_tokenizer_close(tokenizer);
}

Test(task_tokenizer_text, what_cannot_be_done_is_refused) {
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ 0 });
    const tuff_text text = TEXT("aa b a");
    tuff_encodings *encodings = NULL;
    const tuff_encode_options rows[] = {
        { sizeof rows[0], false, TUFF_TRUNCATE_ONLY_SECOND, 4, 0, 0, 0, false }, /* no second text */
        { sizeof rows[0], false, TUFF_TRUNCATE_LONGEST_FIRST, 4, 3, 0, 0,
          false }, /* no room for the stride */
        { sizeof rows[0], true, TUFF_TRUNCATE_LONGEST_FIRST, 2, 2, 0, 0, false },
        { sizeof rows[0], false, TUFF_TRUNCATE_NONE, 0, 0, UINT32_MAX, 0, false }, /* padding without end */
        { sizeof rows[0], false, TUFF_TRUNCATE_NONE, 0, 0, 0, UINT32_MAX, true },
        { sizeof rows[0], false, (tuff_truncation)9, 4, 0, 0, 0, false },
        { 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_expect_eq(tuff_encode(tokenizer, text, NULL, &rows[i], &encodings), TUFF_ARGUMENT, "row %zu", i);
        cr_expect_null(encodings);
    }
    cr_expect_eq(tuff_encode(NULL, text, NULL, NULL, &encodings), TUFF_ARGUMENT);
    cr_expect_eq(tuff_encode(tokenizer, (tuff_text){ NULL, 3 }, NULL, NULL, &encodings), TUFF_ARGUMENT);
    cr_expect_eq(tuff_encode(tokenizer, (tuff_text){ "a", SIZE_MAX }, NULL, NULL, &encodings), TUFF_ARGUMENT);
    cr_assert_eq(tuff_encode(tokenizer, (tuff_text){ NULL, 0 }, NULL, NULL, &encodings), TUFF_OK);
    cr_expect_eq(tuff_encodings_get(encodings, 0)->count, 2);
    tuff_encodings_free(encodings);
    tuff_tokenizer_close(tokenizer);
}

Test(task_tokenizer_text, wrong_utf8_counts_as_replacement_characters) {
    /* Cleaning removes U+FFFD, but it has its place in the offsets; bytes count as they were given. */
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ 0 });
    tuff_encodings *encodings = NULL;
    cr_assert_eq(tuff_encode(tokenizer,
                             TEXT("a\xff \xe2\x82"
                                  "b \xed\xa0\x80"
                                  "ab"),
                             NULL, NULL, &encodings),
                 TUFF_OK);
    static const tuff_offset characters[] = { { 0, 0 }, { 0, 1 }, { 4, 5 }, { 9, 11 }, { 0, 0 } };
    static const tuff_offset bytes[] = { { 0, 0 }, { 0, 1 }, { 5, 6 }, { 10, 12 }, { 0, 0 } };
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    cr_assert_eq(encoding->count, COUNT(characters));
    for (size_t i = 0; i < COUNT(characters); i++) {
        cr_expect_eq(encoding->offsets[i].start, characters[i].start, "token %zu", i);
        cr_expect_eq(encoding->offsets[i].end, characters[i].end, "token %zu", i);
        cr_expect_eq(encoding->byte_offsets[i].start, bytes[i].start, "token %zu", i);
        cr_expect_eq(encoding->byte_offsets[i].end, bytes[i].end, "token %zu", i);
    }
    tuff_encodings_free(encodings);
    tuff_tokenizer_close(tokenizer);
}

/* Long runs of marks and long words take time in proportion; a second is a hundred times what they need. */
Test(task_tokenizer_text, long_texts_take_time_in_proportion, .timeout = 60) {
    static const char *const units[] = { "\xcc\x81\xcc\xa3", "a", "\xe0\xb8\x81", "[MAS",
                                         "\xe4\xb8\xad",     " ", "[MASK]" };
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ .added_tokens = added_tokens });
    for (size_t i = 0; i < COUNT(units); i++) {
        const size_t unit = strlen(units[i]);
        const size_t size = ((size_t)1 << 20) / unit * unit;
        char *text = malloc(size);
        for (size_t at = 0; at < size; at += unit)
            memcpy(text + at, units[i], unit);
        tuff_encodings *encodings = NULL;
        cr_assert_eq(tuff_encode(tokenizer, (tuff_text){ text, size }, NULL, NULL, &encodings), TUFF_OK);
        tuff_encodings_free(encodings);
        free(text);
    }
    tuff_tokenizer_close(tokenizer);
}

static void check_window(const tuff_encoding *window, size_t size, size_t id_limit) {
    for (size_t i = 0; i < window->count; i++) {
        const tuff_offset offset = window->offsets[i];
        const tuff_offset bytes = window->byte_offsets[i];
        cr_assert(window->input_ids[i] >= 0 && (size_t)window->input_ids[i] < id_limit);
        cr_assert(offset.start <= offset.end && bytes.start <= bytes.end && bytes.end <= size);
        cr_assert(offset.end - offset.start <= bytes.end - bytes.start);
        cr_assert((window->sequences[i] < 0) == (window->words[i] < 0));
        cr_assert(window->sequences[i] < 0 || bytes.end > bytes.start);
    }
}

Test(task_tokenizer_text, random_bytes_give_tokens_inside_the_text) {
    static const char *const parts[] = { "[NEW]", "<M>", " ",        "Q",        " sp",          "<R>",
                                         "a",     "B",   "\xc3\xa9", "\xcc\x81", "\xe4\xb8\xad", "!" };
    tuff_tokenizer *tokenizer = test_tokenizer_open(&(struct test_tokenizer){ .added_tokens = added_tokens });
    srand(7);
    for (size_t round = 0; round < 20000; round++) {
        char text[96];
        size_t size = 0;
        while (size < 80 && rand() % 24 != 0) {
            const char *part = parts[(size_t)rand() % COUNT(parts)];
            if (rand() % 3 == 0)
                text[size++] = (char)rand();
            else
                size += (size_t)(strcpy(text + size, part), strlen(part));
        }
        tuff_encode_options options = TUFF_ENCODE_OPTIONS;
        options.truncation = (tuff_truncation)(rand() % 4);
        options.max_length = (uint32_t)rand() % 12;
        options.stride = (uint32_t)rand() % 3;
        options.pad_multiple = (uint32_t)rand() % 5;
        const tuff_text pair = { text, size / 2 };
        tuff_encodings *encodings = NULL;
        const tuff_status status = tuff_encode(tokenizer, (tuff_text){ text, size },
                                               rand() % 2 ? &pair : NULL, &options, &encodings);
        cr_assert(status == TUFF_OK || status == TUFF_ARGUMENT, "%s", tuff_error_message());
        for (size_t i = 0; status == TUFF_OK && i < tuff_encodings_count(encodings); i++)
            check_window(tuff_encodings_get(encodings, i), size, tuff_tokenizer_vocab_size(tokenizer));
        tuff_encodings_free(encodings);
    }
    tuff_tokenizer_close(tokenizer);
}
