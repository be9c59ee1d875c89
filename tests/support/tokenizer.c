/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tokenizer.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "support/folder.h"

static const char usual_model[] =
    "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","
    "\"max_input_chars_per_word\":100,\"vocab\":{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"[MASK]\":"
    "4,"
    "\"a\":5,\"##a\":6,\"b\":7,\"##b\":8,\"ab\":9,\"!\":10,\"\\u00e9\":11,\"A\":12}}";
static const char usual_normalizer[] =
    "{\"type\":\"BertNormalizer\",\"clean_text\":true,"
    "\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true}";
static const char usual_post_processor[] =
    "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},"
    "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}}],"
    "\"pair\":["
    "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},"
    "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":0}},{\"Sequence\":{\"id\":\"B\",\"type_id\":1}},"
    "{\"SpecialToken\":{\"id\":\"[SEP]\",\"type_id\":1}}],\"special_tokens\":{"
    "\"[CLS]\":{\"id\":\"[CLS]\",\"ids\":[2],\"tokens\":[\"[CLS]\"]},"
    "\"[SEP]\":{\"id\":\"[SEP]\",\"ids\":[3],\"tokens\":[\"[SEP]\"]}}}";
static const char usual_added_tokens[] =
    "[{\"id\":4,\"content\":\"[MASK]\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
    "\"normalized\":false,\"special\":true}]";

static const char *or_usual(const char *part, const char *usual) {
    return part ? part : usual;
}

void test_tokenizer_write(const char *folder, const struct test_tokenizer *parts) {
    static char text[1 << 16];
    const int length = snprintf(
        text, sizeof text,
        "{\"version\":\"1.0\",\"added_tokens\":%s,\"normalizer\":%s,\"pre_tokenizer\":%s,"
        "\"post_processor\":%s,\"decoder\":null,\"model\":%s%s}",
        or_usual(parts->added_tokens, usual_added_tokens), or_usual(parts->normalizer, usual_normalizer),
        or_usual(parts->pre_tokenizer, "{\"type\":\"BertPreTokenizer\"}"),
        or_usual(parts->post_processor, usual_post_processor), or_usual(parts->model, usual_model),
        or_usual(parts->more, ""));
    cr_assert(length > 0 && (size_t)length < sizeof text);
    test_write(folder, "tokenizer.json", text);
}

tuff_tokenizer *test_tokenizer_open(const struct test_tokenizer *parts) {
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    test_tokenizer_write(folder, parts);
    tuff_tokenizer *tokenizer = NULL;
    const tuff_status status = tuff_tokenizer_open(folder, NULL, &tokenizer);
    test_folder_remove(folder);
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
    return tokenizer;
}

const char *test_tokenizer_show(const tuff_tokenizer *tokenizer, tuff_text text, const tuff_text *pair,
                                const tuff_encode_options *options) {
    static char shown[1 << 14];
    tuff_encodings *encodings = NULL;
    cr_assert_eq(tuff_encode(tokenizer, text, pair, options, &encodings), TUFF_OK, "%s",
                 tuff_error_message());
    size_t size = 0;
    for (size_t window = 0; window < tuff_encodings_count(encodings); window++) {
        const tuff_encoding *encoding = tuff_encodings_get(encodings, window);
        if (window > 0)
            size += (size_t)snprintf(shown + size, sizeof shown - size, " | ");
        for (size_t i = 0; i < encoding->count && size < sizeof shown - 64; i++)
            size += (size_t)snprintf(shown + size, sizeof shown - size, "%s%d:%u-%u", i > 0 ? " " : "",
                                     (int)encoding->input_ids[i], (unsigned)encoding->offsets[i].start,
                                     (unsigned)encoding->offsets[i].end);
    }
    shown[size] = '\0';
    tuff_encodings_free(encodings);
    return shown;
}
