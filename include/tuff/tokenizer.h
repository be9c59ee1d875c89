/* SPDX-License-Identifier: Apache-2.0 */
/* Text to token ids, and vocabularies from texts. Needs no device. Part of tuff.h. */
#ifndef TUFF_TOKENIZER_H
#define TUFF_TOKENIZER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- tokenizer */

/* Text to token ids, exactly as Hugging Face's fast BertTokenizer. Needs no device. Immutable once open: any
 * number of threads may encode with one tokenizer at a time. */
typedef struct tuff_tokenizer tuff_tokenizer;

/* Opens tokenizer.json, or vocab.txt with tokenizer_config.json, from a folder, or the name of a repository in
 * the local Hugging Face cache. Other files of the folder are not touched. TUFF_IO where a file is missing,
 * TUFF_FORMAT where one is malformed, TUFF_UNSUPPORTED where it is not BERT's tokenizer. */
TUFF_API tuff_status tuff_tokenizer_open(const char *path, const tuff_allocator *allocator,
                                         tuff_tokenizer **out_tokenizer);
TUFF_API void tuff_tokenizer_close(tuff_tokenizer *tokenizer);

typedef enum tuff_truncation {
    TUFF_TRUNCATE_NONE = 0,
    TUFF_TRUNCATE_LONGEST_FIRST = 1,
    TUFF_TRUNCATE_ONLY_FIRST = 2,
    TUFF_TRUNCATE_ONLY_SECOND = 3
} tuff_truncation;

typedef struct tuff_encode_options {
    size_t size;
    bool no_special_tokens;     /* leave [CLS] and [SEP] away */
    tuff_truncation truncation; /* NONE: max_length and stride are not read */
    uint32_t max_length;        /* tokens, special ones included */
    uint32_t stride;            /* tokens that a further window repeats of the one before */
    uint32_t pad_length;        /* pad to this many tokens; 0: no */
    uint32_t pad_multiple;      /* pad to a multiple of this many tokens; 0: no */
    bool pad_left;
} tuff_encode_options;
#define TUFF_ENCODE_OPTIONS                                                                                  \
    { sizeof(tuff_encode_options), false, TUFF_TRUNCATE_NONE, 0, 0, 0, 0, false }

/* Where a token stands in its text, [start, end). Special tokens and padding have [0, 0). */
typedef struct tuff_offset {
    uint32_t start;
    uint32_t end;
} tuff_offset;

/* One window of tokens; arrays of `count`. */
typedef struct tuff_encoding {
    size_t count;
    const int32_t *input_ids;
    const int32_t *token_type_ids;
    const int32_t *attention_mask;   /* 0 on padding */
    const tuff_offset *offsets;      /* in Unicode code points of the text or of its pair */
    const tuff_offset *byte_offsets; /* the same in bytes */
    const int32_t *words;            /* index of the word (as split by white space and punctuation) or -1 */
    const int8_t *sequences;         /* 0: of the text, 1: of the pair, -1: special or padding */
} tuff_encoding;

typedef struct tuff_encodings tuff_encodings;

/* `pair` may be NULL. The first window is the encoding proper; further ones hold what truncation cut off, with
 * `stride` tokens of overlap. TUFF_ARGUMENT for what Hugging Face refuses as well (a stride that leaves no
 * room, only_second without a pair, ...). */
TUFF_API tuff_status tuff_encode(const tuff_tokenizer *tokenizer, tuff_text text, const tuff_text *pair,
                                 const tuff_encode_options *options, tuff_encodings **out_encodings);
TUFF_API size_t tuff_encodings_count(const tuff_encodings *encodings);
/* Valid until the encodings are freed. `index` below the count. */
TUFF_API const tuff_encoding *tuff_encodings_get(const tuff_encodings *encodings, size_t index);
/* A token of a window as Hugging Face shows it: tuff_token_text of its id, but for an added token the part of the
 * (normalised) text that it took, white space included. NUL-terminated, valid until the encodings are freed and
 * while the tokenizer is open; NULL where `window` or `index` is too large. */
TUFF_API const char *tuff_encodings_token(const tuff_encodings *encodings, const tuff_tokenizer *tokenizer,
                                          size_t window, size_t index);
TUFF_API void tuff_encodings_free(tuff_encodings *encodings);

/* The token's text, NUL-terminated, valid while the tokenizer is open; NULL for an id it does not know. */
TUFF_API const char *tuff_token_text(const tuff_tokenizer *tokenizer, int32_t id);
/* The token's id, or -1. */
TUFF_API int32_t tuff_token_id(const tuff_tokenizer *tokenizer, tuff_text token);
/* Ids run from 0 to below this number. */
TUFF_API size_t tuff_tokenizer_vocab_size(const tuff_tokenizer *tokenizer);

/* ---------------------------------------------------------------- vocabularies */

typedef struct tuff_vocabulary_options {
    size_t size;
    uint32_t vocab_size;     /* tokens at most; fewer where nothing is left to merge */
    uint64_t min_count;      /* pieces that occur together less often are not merged */
    uint32_t alphabet_limit; /* characters, the most frequent ones */
    bool keeps_case;         /* for a cased model */
    bool keeps_accents;
    tuff_progress_callback progress; /* in tokens; while files are read at 0 */
    void *progress_user;
} tuff_vocabulary_options;
#define TUFF_VOCABULARY_OPTIONS                                                                              \
    { sizeof(tuff_vocabulary_options), 30522, 2, 1000, false, false, NULL, NULL }

/* Makes a WordPiece vocabulary from files of text and writes it as vocab.txt: special tokens, characters, then merged
 * pieces, as Hugging Face's WordPieceTrainer makes it. The same files give the same vocabulary. *out_count tokens were
 * written. TUFF_FORMAT where the files hold no word, TUFF_ARGUMENT where vocab_size does not hold the characters. */
TUFF_API tuff_status tuff_vocabulary_make(const char *const *paths, size_t path_count,
                                          const tuff_vocabulary_options *options, const char *output,
                                          size_t *out_count);

#ifdef __cplusplus
}
#endif

#endif
