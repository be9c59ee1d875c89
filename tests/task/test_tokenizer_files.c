/* SPDX-License-Identifier: Apache-2.0 */
/* Which files make a tokenizer, and which are refused with what words. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/folder.h"
#include "support/tokenizer.h"
#include "task/tokenizer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEXT(literal) ((tuff_text){ literal, sizeof(literal) - 1 })

static char folder[TEST_PATH_SIZE];

static void enter_folder(void) {
    test_folder_make(folder);
}

static void remove_folder(void) {
    test_folder_remove(folder);
}

TestSuite(task_tokenizer_files, .init = enter_folder, .fini = remove_folder);

static tuff_tokenizer *open_it(void) {
    tuff_tokenizer *tokenizer = NULL;
    cr_assert_eq(tuff_tokenizer_open(folder, NULL, &tokenizer), TUFF_OK, "%s", tuff_error_message());
    return tokenizer;
}

static void expect_refusal(const char *what, tuff_status expected, const char *word) {
    tuff_tokenizer *tokenizer = NULL;
    const tuff_status status = tuff_tokenizer_open(folder, NULL, &tokenizer);
    cr_expect_eq(status, expected, "%s: status %d: %s", what, (int)status, tuff_error_message());
    cr_expect_null(tokenizer);
    cr_expect(strstr(tuff_error_message(), word) != NULL, "%s: %s", what, tuff_error_message());
    tuff_tokenizer_close(tokenizer);
}

Test(task_tokenizer_files, unusable_tokenizer_json_is_refused_by_name) {
    const char *const special =
        "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\","
        "\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}";
    const char *const second = "{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\","
                               "\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}";
    const struct {
        struct test_tokenizer parts;
        tuff_status status;
        const char *word;
    } rows[] = {
        { { .model = "{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}" }, TUFF_UNSUPPORTED, "BPE" },
        { { .model = "{\"type\":\"Unigram\",\"vocab\":[]}" }, TUFF_UNSUPPORTED, "Unigram" },
        { { .model = "{\"vocab\":{},\"merges\":[]}" }, TUFF_UNSUPPORTED, "BPE" },
        { { .model = "null" }, TUFF_FORMAT, "model" },
        { { .model = "{\"type\":\"WordPiece\"}" }, TUFF_FORMAT, "model.unk_token" },
        { { .model = "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                     "\"max_input_chars_per_word\":100,\"vocab\":{\"a\":0}}" },
          TUFF_FORMAT,
          "[UNK]" },
        { { .model = "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                     "\"max_input_chars_per_word\":100,\"vocab\":{\"[UNK]\":-1}}" },
          TUFF_FORMAT,
          "model.vocab.[UNK]" },
        { { .model = "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                     "\"max_input_chars_per_word\":100,\"vocab\":{\"[UNK]\":4294967295}}" },
          TUFF_FORMAT,
          "4294967295" },
        { { .model = "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                     "\"max_input_chars_per_word\":100,\"vocab\":{\"[UNK]\":\"x\"}}" },
          TUFF_FORMAT,
          "expected an integer" },
        { { .model = "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
                     "\"max_input_chars_per_word\":100,\"vocab\":[\"[UNK]\"]}" },
          TUFF_FORMAT,
          "model.vocab" },
        { { .normalizer = "{\"type\":\"NFC\"}" }, TUFF_UNSUPPORTED, "NFC" },
        { { .normalizer = "{\"type\":\"BertNormalizer\",\"clean_text\":1}" }, TUFF_FORMAT, "clean_text" },
        { { .pre_tokenizer = "{\"type\":\"Whitespace\"}" }, TUFF_UNSUPPORTED, "Whitespace" },
        { { .pre_tokenizer = "null" }, TUFF_UNSUPPORTED, "pre_tokenizer" },
        { { .post_processor = "{\"type\":\"RobertaProcessing\"}" }, TUFF_UNSUPPORTED, "RobertaProcessing" },
        { { .post_processor = "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\"],\"cls\":[\"[CLS]\",2]}" },
          TUFF_FORMAT,
          "post_processor.sep" },
        { { .post_processor = special }, TUFF_FORMAT, "<s>" },
        { { .post_processor = second }, TUFF_FORMAT, "sequence B" },
        { { .added_tokens = "{}" }, TUFF_FORMAT, "added_tokens" },
        { { .added_tokens = "[{\"id\":4,\"content\":\"[MASK]\"}]" },
          TUFF_FORMAT,
          "added_tokens[0].single_word" },
        { { .more = ",\"version\":\"2.0\"" }, TUFF_FORMAT, "2.0" },
        { { .more = ",\"model\":{" }, TUFF_FORMAT, "line 1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_tokenizer_write(folder, &rows[i].parts);
        expect_refusal(rows[i].word, rows[i].status, rows[i].word);
    }
}

Test(task_tokenizer_files, folders_without_a_wordpiece_tokenizer_are_refused) {
    expect_refusal("an empty folder", TUFF_IO, "no tokenizer.json and no vocab.txt");
    test_write(folder, "merges.txt", "a b\n");
    expect_refusal("merges.txt", TUFF_UNSUPPORTED, "byte-pair encoding");
    test_write(folder, "vocab.txt", "[UNK]\na\n");
    test_write(folder, "tokenizer_config.json", "{\"tokenizer_class\": \"BertJapaneseTokenizer\"}");
    expect_refusal("another class", TUFF_UNSUPPORTED, "BertJapaneseTokenizer");
    test_write(folder, "tokenizer_config.json", "{\"do_lower_case\": \"yes\"}");
    expect_refusal("a wrong type", TUFF_FORMAT, "do_lower_case: expected true or false");
    test_write(folder, "tokenizer_config.json", "{\"cls_token\": null}");
    expect_refusal("no [CLS]", TUFF_FORMAT, "[CLS]");
    tuff_tokenizer *tokenizer = NULL;
    cr_assert_eq(tuff_tokenizer_open("/nonexistent/folder", NULL, &tokenizer), TUFF_IO);
    cr_assert_eq(tuff_tokenizer_open(NULL, NULL, &tokenizer), TUFF_ARGUMENT);
}

Test(task_tokenizer_files, vocab_txt_alone_is_an_uncased_tokenizer) {
    test_write(folder, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b  \r\ne");
    tuff_tokenizer *tokenizer = open_it();
    cr_assert_str_eq(test_tokenizer_show(tokenizer, TEXT("AB \xc3\x89[MASK]!"), NULL, NULL),
                     "2:0-0 5:0-1 6:1-2 7:3-4 4:4-10 1:10-11 3:0-0");
    cr_assert_eq(tuff_tokenizer_vocab_size(tokenizer), 8);
    cr_assert_eq(tuff_tokenizer_max_length(tokenizer), 0);
    cr_assert_eq(tuff_token_id(tokenizer, TEXT("##b")), 6);
    cr_assert_eq(tuff_token_id(tokenizer, TEXT("zz")), -1);
    cr_assert_str_eq(tuff_token_text(tokenizer, 6), "##b");
    cr_assert_null(tuff_token_text(tokenizer, 8));
    cr_assert_null(tuff_token_text(tokenizer, -1));
    tuff_tokenizer_close(tokenizer);
}

/* What transformers 5.23 gives for the same files. */
Test(task_tokenizer_files, files_beside_vocab_txt_are_heard) {
    static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\nb\n##b\nnew\nA\n";
    static const struct {
        const char *config;
        const char *map;
        const char *added;
        const char *shown; /* of "a  [NEW]A" */
    } rows[] = {
        { NULL, NULL, NULL, "2:0-0 5:0-1 1:3-4 9:4-7 1:7-8 5:8-9 3:0-0" },
        { "{\"do_lower_case\":false}", NULL, NULL, "2:0-0 5:0-1 1:3-4 1:4-7 1:7-8 10:8-9 3:0-0" },
        { "{\"additional_special_tokens\":[\"[NEW]\"]}", NULL, NULL, "2:0-0 5:0-1 11:3-8 5:8-9 3:0-0" },
        { "{\"extra_special_tokens\":{\"it\":\"[NEW]\"}}", NULL, NULL, "2:0-0 5:0-1 11:3-8 5:8-9 3:0-0" },
        { "{\"mask_token\":{\"content\":\"[NEW]\",\"lstrip\":true}}", NULL, NULL,
          "2:0-0 5:0-1 11:1-8 5:8-9 3:0-0" },
        { "{\"unk_token\":\"b\"}", "{\"unk_token\":\"a\"}", NULL,
          "2:0-0 5:0-1 5:3-4 9:4-7 5:7-8 5:8-9 3:0-0" },
        { "{\"sep_token\":\"[NEW]\"}", NULL, NULL, "2:0-0 5:0-1 11:3-8 5:8-9 11:0-0" },
        { NULL, NULL, "{\"[NEW]\":20}", "2:0-0 5:0-1 11:3-8 5:8-9 3:0-0" },
        { "{\"added_tokens_decoder\":{\"11\":{\"content\":\"[NEW]\",\"rstrip\":true}}}",
          "{\"unk_token\":\"a\"}", "{\"A\":12}", "2:0-0 5:0-1 11:3-8 5:8-9 3:0-0" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        test_write(folder, "vocab.txt", vocab);
        test_write(folder, "tokenizer_config.json", rows[i].config ? rows[i].config : "{}");
        test_write(folder, "special_tokens_map.json", rows[i].map ? rows[i].map : "{}");
        test_write(folder, "added_tokens.json", rows[i].added ? rows[i].added : "{}");
        tuff_tokenizer *tokenizer = open_it();
        const char *shown = test_tokenizer_show(tokenizer, TEXT("a  [NEW]A"), NULL, NULL);
        cr_expect_str_eq(shown, rows[i].shown, "row %zu: %s", i, shown);
        tuff_tokenizer_close(tokenizer);
    }
}

Test(task_tokenizer_files, tokenizer_json_goes_before_all_other_files) {
    test_tokenizer_write(folder,
                         &(struct test_tokenizer){
                             .more = ",\"truncation\":{\"max_length\":2,\"strategy\":\"LongestFirst\","
                                     "\"stride\":0},\"padding\":{\"strategy\":{\"Fixed\":9},\"pad_id\":7,"
                                     "\"pad_type_id\":1,\"pad_token\":\"b\"}" });
    test_write(folder, "vocab.txt", "nothing\n");
    test_write(folder, "tokenizer_config.json",
               "{\"do_lower_case\":false,\"tokenizer_class\":\"Other\","
               "\"model_max_length\":1000000000000000019884624838656}");
    tuff_tokenizer *tokenizer = open_it();
    /* The stored truncation and padding are not applied, but padding that is asked for has its token. */
    cr_assert_str_eq(test_tokenizer_show(tokenizer, TEXT("A a b"), NULL, NULL),
                     "2:0-0 5:0-1 5:2-3 7:4-5 3:0-0");
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.pad_length = 4;
    cr_assert_str_eq(test_tokenizer_show(tokenizer, TEXT("A"), NULL, &options), "2:0-0 5:0-1 3:0-0 7:0-0");
    cr_assert_eq(tuff_tokenizer_max_length(tokenizer), 0);
    tuff_tokenizer_close(tokenizer);
    test_write(folder, "tokenizer_config.json", "{\"model_max_length\":512}");
    tokenizer = open_it();
    cr_assert_eq(tuff_tokenizer_max_length(tokenizer), 512);
    tuff_tokenizer_close(tokenizer);
}

/* ---------------------------------------------------------------- memory that cannot be had */

struct budget {
    size_t left;  /* allocations that succeed */
    size_t alive; /* blocks */
};

static void *take(void *user, size_t size) {
    struct budget *budget = user;
    if (budget->left == 0)
        return NULL;
    budget->left--;
    budget->alive++;
    return malloc(size);
}

static void give(void *user, void *pointer) {
    ((struct budget *)user)->alive -= pointer != NULL;
    free(pointer);
}

Test(task_tokenizer_files, every_failing_allocation_is_reported_and_leaks_nothing) {
    static const char text[] = "a [MASK] ab\xc3\xa9 [NEW] b";
    const struct test_tokenizer parts = {
        .added_tokens =
            "[{\"id\":13,\"content\":\"[NEW]\",\"single_word\":false,\"lstrip\":true,\"rstrip\":true,"
            "\"normalized\":true,\"special\":false}]"
    };
    test_tokenizer_write(folder, &parts);
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.truncation = TUFF_TRUNCATE_LONGEST_FIRST;
    options.max_length = 6;
    bool is_done = false;
    size_t failures = 0;
    for (size_t allowed = 0; !is_done; allowed++) {
        struct budget budget = { .left = allowed };
        const tuff_allocator allocator = { take, give, &budget };
        tuff_tokenizer *tokenizer = NULL;
        tuff_encodings *encodings = NULL;
        tuff_status status = tuff_tokenizer_open(folder, &allocator, &tokenizer);
        if (status == TUFF_OK)
            status = tuff_encode(tokenizer, TEXT(text), &TEXT(text), &options, &encodings);
        is_done = status == TUFF_OK;
        failures += !is_done;
        cr_assert(is_done || status == TUFF_HOST_MEMORY, "%zu allocations: %s", allowed,
                  tuff_error_message());
        tuff_encodings_free(encodings);
        tuff_tokenizer_close(tokenizer);
        cr_assert_eq(budget.alive, 0, "%zu allocations: %zu blocks are lost", allowed, budget.alive);
        cr_assert(allowed < 100000);
    }
    cr_assert(failures > 20);
}
