/* SPDX-License-Identifier: Apache-2.0 */
#include "task/encode.h"

#include "base/memory.h"

tuff_status tuff_length_limit(const struct tuff_model *model, uint32_t asked, uint32_t *out_length) {
    uint32_t positions = model->folder.config.max_position_embeddings;
    if (asked > positions)
        return tuff_fail(TUFF_ARGUMENT,
                         "a length of %u tokens was asked for, but the model has positions for %u", asked,
                         positions);
    *out_length = asked ? asked : model->folder.max_length;
    return TUFF_OK;
}

tuff_status tuff_need_tokenizer(const struct tuff_model *model) {
    if (model->tokenizer)
        return TUFF_OK;
    return tuff_fail(TUFF_UNSUPPORTED, "%s: has neither tokenizer.json nor vocab.txt, so it takes no text",
                     model->folder.path);
}

tuff_status tuff_encoded_append(const struct tuff_model *model, const tuff_encoding *encoding,
                                struct tuff_encoded_texts *encoded) {
    uint32_t vocab_size = model->folder.config.vocab_size;
    uint32_t type_count = model->folder.config.type_vocab_size;
    if (encoding->count == 0)
        return tuff_fail(
            TUFF_ARGUMENT,
            "a text has no tokens, and the tokenizer adds no [CLS]: there is nothing to compute");
    TUFF_TRY(tuff_reserve(&encoded->tokens, &encoded->token_capacity, encoded->token_count + encoding->count,
                          sizeof *encoded->tokens));
    for (size_t i = 0; i < encoding->count; i++) {
        int32_t id = encoding->input_ids[i];
        int32_t type = encoding->token_type_ids[i];
        if (id < 0 || (uint32_t)id >= vocab_size)
            return tuff_fail(TUFF_FORMAT,
                             "the tokenizer gives token %d, but the model's vocabulary has %u: the folder's "
                             "tokenizer and weights do not belong together",
                             id, vocab_size);
        if (type < 0 || (uint32_t)type >= type_count)
            return tuff_fail(TUFF_FORMAT, "the tokenizer gives segment %d, but the model has %u", type,
                             type_count);
        encoded->tokens[encoded->token_count++] =
            (struct tuff_row){ .id = id, .position = (int32_t)i, .type = type };
    }
    return TUFF_OK;
}

static tuff_status encode_one(const struct tuff_model *model, tuff_text text, const tuff_text *pair,
                              const tuff_encode_options *options, struct tuff_encoded_texts *encoded,
                              uint32_t *out_length) {
    tuff_encodings *encodings = NULL;
    TUFF_TRY(tuff_encode(model->tokenizer, text, pair, options, &encodings));
    const tuff_encoding *encoding = tuff_encodings_get(encodings, 0);
    tuff_status status = tuff_encoded_append(model, encoding, encoded);
    *out_length = (uint32_t)encoding->count;
    if (status == TUFF_OK && encoding->count > options->max_length)
        status = tuff_fail(TUFF_ARGUMENT, "a length of %u tokens leaves no room for the special tokens",
                           options->max_length);
    encoded->truncated += tuff_encodings_count(encodings) > 1;
    tuff_encodings_free(encodings);
    return status;
}

tuff_status tuff_encode_texts(const struct tuff_model *model, const tuff_text *texts, const tuff_text *pairs,
                              size_t count, uint32_t max_length, struct tuff_encoded_texts *out_encoded) {
    tuff_encode_options options = TUFF_ENCODE_OPTIONS;
    options.truncation = TUFF_TRUNCATE_LONGEST_FIRST;
    TUFF_TRY(tuff_need_tokenizer(model));
    TUFF_TRY(tuff_length_limit(model, max_length, &options.max_length));
    TUFF_TRY(tuff_alloc(count, sizeof *out_encoded->sequences, &out_encoded->sequences));
    out_encoded->count = count;
    for (size_t i = 0; i < count; i++) {
        const tuff_text *pair = pairs && pairs[i].data ? &pairs[i] : NULL;
        uint32_t length = 0;
        TUFF_TRY(encode_one(model, texts[i], pair, &options, out_encoded, &length));
        out_encoded->sequences[i].visible_count = length;
    }
    /* The tokens have stopped moving only now. */
    const struct tuff_row *at = out_encoded->tokens;
    for (size_t i = 0; i < count; i++) {
        out_encoded->sequences[i].tokens = at;
        at += out_encoded->sequences[i].visible_count;
    }
    return TUFF_OK;
}

void tuff_encoded_texts_free(struct tuff_encoded_texts *encoded) {
    tuff_free(encoded->sequences);
    tuff_free(encoded->tokens);
    *encoded = (struct tuff_encoded_texts){ 0 };
}
