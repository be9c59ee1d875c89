/* SPDX-License-Identifier: Apache-2.0 */
/* BERT's tokenizer, as Hugging Face's fast BertTokenizer does it. A text goes through these files in turn:
 *
 *     tokenizer_added.c      finds added tokens such as [MASK]
 *     tokenizer_normalize.c  cleans, strips accents and lowers what lies between them
 *     tokenizer_words.c      splits it into words and words into pieces of the vocabulary
 *     tokenizer_truncate.c   cuts what is too long into ranges
 *     tokenizer_windows.c    makes windows of ranges, [CLS], [SEP] and padding
 *
 * tokenizer_decode.c goes back. tokenizer_folder.c and tokenizer_json.c make a tokenizer from files;
 * tokenizer.c holds the public entry points. Nothing here changes once a tokenizer is open. */
#ifndef TUFF_TASK_TOKENIZER_H
#define TUFF_TASK_TOKENIZER_H

#include "task/vocabulary.h"

/* ---------------------------------------------------------------- what a tokenizer is */

struct tuff_normalizer {
    bool clean_text;
    bool handle_chinese_chars;
    bool strip_accents;
    bool lowercase;
};

struct tuff_added_attributes {
    bool is_single_word; /* only where no word character stands beside it */
    bool strips_left;    /* takes the white space before it */
    bool strips_right;   /* and behind it */
    bool is_normalized;  /* searched in the normalised text */
    bool is_special;     /* comes before the others where two look the same */
};

/* A token that is found in the text before words are made. */
struct tuff_added_token {
    char *content;
    size_t length;
    char *normalized_content; /* what is searched, and shown, where is_normalized; else NULL */
    size_t normalized_length;
    int32_t id;
    struct tuff_added_attributes attributes;
};

/* Values of the trie are places in the array of added tokens. */
struct tuff_added_matcher {
    struct tuff_trie trie;
    bool is_first[256]; /* bytes that begin a token */
};

struct tuff_added_tokens {
    struct tuff_added_token *items;
    size_t count;
    size_t capacity;
    struct tuff_trie by_content; /* to the place in items */
    int32_t next_id;             /* for a token that the vocabulary lacks */
    bool counts_known;           /* next_id is behind the tokens that the vocabulary has, too */
    struct tuff_added_matcher plain;
    struct tuff_added_matcher normalized;
    bool has_normalized;
};

/* By byte, for runs of ASCII. */
struct tuff_bytes {
    unsigned char kinds[256];
    unsigned char folded[256]; /* as normalisation leaves it in a run of letters */
    unsigned char same[256];
};

/* One step of a post-processor's template: a sequence or a special token's ids. */
struct tuff_template_piece {
    int sequence; /* 0: the text, 1: the pair, -1: special */
    int32_t type_id;
    int32_t *ids;
    size_t id_count;
};

struct tuff_template {
    struct tuff_template_piece *pieces;
    size_t count;
};

struct tuff_tokenizer {
    struct tuff_allocator allocator; /* all NULL: the C library's */
    struct tuff_vocabulary vocabulary;
    struct tuff_added_tokens added;
    struct tuff_normalizer normalizer;
    struct tuff_bytes bytes;
    uint32_t continuation; /* node of the vocabulary's trie behind "##"; 0: no token begins so */
    bool has_prefix;       /* false where continuing_subword_prefix is "" */
    int32_t unknown_id;
    size_t max_word_length; /* code points; longer words are unknown */
    struct tuff_template single;
    struct tuff_template pair;
    int32_t pad_id; /* -1: the tokenizer has no padding token */
    int32_t pad_type_id;
    int32_t mask_id;       /* -1: the tokenizer has no mask token */
    bool cleans_up_spaces; /* clean_up_tokenization_spaces: decoding does it once more over the whole text */
    size_t max_length;     /* model_max_length, special tokens included; 0: not known */
    size_t id_limit;       /* above all ids */
};

/* ---------------------------------------------------------------- making one */

/* Of a file that describes a tokenizer. */
#define TUFF_TOKENIZER_MAX_FILE_SIZE ((size_t)256 << 20)

/* What a folder's tokenizer.json says goes into a zeroed tokenizer. tokenizer_json.c. */
tuff_status tuff_tokenizer_read_json(tuff_tokenizer *tokenizer, const char *path);
/* Reads the folder's files into a zeroed tokenizer. tokenizer_folder.c. */
tuff_status tuff_tokenizer_read_folder(tuff_tokenizer *tokenizer, const char *folder);

/* Sets the node of continuing pieces and the unknown token, which must be in the vocabulary; `source` names
 * the file in messages. */
tuff_status tuff_tokenizer_set_model(tuff_tokenizer *tokenizer, tuff_text unknown, tuff_text prefix,
                                     size_t max_word_length, const char *source);
/* The template [CLS] A [SEP], or [CLS] A [SEP] B [SEP]. */
tuff_status tuff_tokenizer_set_bert_templates(tuff_tokenizer *tokenizer, int32_t cls_id, int32_t sep_id);
tuff_status tuff_template_append(struct tuff_template *templ, int sequence, int32_t type_id,
                                 const int32_t *ids, size_t id_count);

/* tokenizer_added.c. An empty content is passed over; one that is there already gets the new attributes. The
 * id is the vocabulary's or the next free one, whatever a file says, as Hugging Face does. The vocabulary
 * must be complete. */
tuff_status tuff_added_tokens_add(tuff_tokenizer *tokenizer, tuff_text content,
                                  struct tuff_added_attributes attributes);
/* Makes them findable, once; the normalizer must be set. */
tuff_status tuff_added_tokens_finish(tuff_tokenizer *tokenizer);
void tuff_added_tokens_free(struct tuff_added_tokens *added);

/* The length of a text that fits the model, as tokenizer_config.json says; 0: it does not say. */
size_t tuff_tokenizer_max_length(const tuff_tokenizer *tokenizer);

/* ---------------------------------------------------------------- text to tokens */

/* A token of the text, before truncation. */
struct tuff_token {
    int32_t id;
    int32_t word;
    tuff_offset offset; /* code points */
    tuff_offset byte_offset;
    uint32_t shown; /* of an added token: place in the list's texts, plus 1; 0: as the vocabulary has it */
};

struct tuff_token_list {
    struct tuff_token *items;
    size_t count;
    size_t capacity;
    /* What added tokens took of the (normalised) text, white space included. */
    char *texts; /* each with a NUL behind it */
    size_t texts_size;
    size_t texts_capacity;
};

/* tokenizer_words.c. `text` is valid UTF-8 below 2^31 bytes. */
tuff_status tuff_tokenizer_split(const tuff_tokenizer *tokenizer, tuff_text text,
                                 struct tuff_token_list *list);
/* Fills the tables of bytes, once the normalizer is set. */
void tuff_tokenizer_prepare_bytes(tuff_tokenizer *tokenizer);
void tuff_token_list_free(struct tuff_token_list *list);

/* A match of added tokens: bytes [start, end) of the searched text. */
struct tuff_added_match {
    size_t start;
    size_t end;
    const struct tuff_added_token *token;
};

/* The next match at or after *inout_position; false where there is none. *inout_position starts as 0 and
 * `taken` (where the last match's end lies, white space that it took included) as well. */
bool tuff_added_tokens_next(const tuff_tokenizer *tokenizer, bool in_normalized, tuff_text text,
                            size_t *inout_position, size_t taken, struct tuff_added_match *out_match);

/* A character of normalised text. */
struct tuff_character {
    uint32_t code_point;
    uint32_t source; /* index of the code point that it came from */
};

/* A stretch of text after normalisation. Zeroed at first; reuse keeps the arrays. */
struct tuff_normalized {
    struct tuff_character *characters;
    size_t count;
    char *bytes;            /* the same as UTF-8 */
    uint32_t *byte_starts;  /* (count + 1) of each character */
    uint32_t *source_bytes; /* (source_count + 1) where each source begins in the text */
    size_t source_count;

    struct tuff_character *old; /* work space of the accents' step */
    struct tuff_mark *marks;
    struct tuff_mark *scratch;
    size_t characters_capacity, bytes_capacity, byte_starts_capacity, source_bytes_capacity;
    size_t old_capacity, marks_capacity, scratch_capacity;
};

/* tokenizer_normalize.c. Replaces what `normalized` held. `text` is valid UTF-8. */
tuff_status tuff_normalize(const struct tuff_normalizer *normalizer, tuff_text text,
                           struct tuff_normalized *normalized);
void tuff_normalized_free(struct tuff_normalized *normalized);

/* ---------------------------------------------------------------- tokens to text */

/* tokenizer_decode.c. The text that ids stand for, as Hugging Face decodes it: pieces joined to words, spaces
 * between words but not before punctuation. Ids that are not known are passed over. tuff_free lets the text
 * go, which has a NUL behind it. */
tuff_status tuff_tokenizer_decode(const tuff_tokenizer *tokenizer, const int32_t *ids, size_t count,
                                  bool skips_special, char **out_text, size_t *out_length);

/* The same for the texts of tokens, all of them and without a clean-up over the whole. */
tuff_status tuff_tokens_join(const tuff_text *tokens, size_t count, char **out_text, size_t *out_length);

/* ---------------------------------------------------------------- tokens to windows */

struct tuff_range {
    size_t start;
    size_t end;
};

/* A sequence cut into ranges, at least one. */
struct tuff_cut {
    const struct tuff_token_list *list;
    struct tuff_range *ranges; /* tuff_free lets them go */
    size_t count;
};

/* tokenizer_truncate.c. Fills the ranges of cuts[0], and of cuts[1] where there is a pair. */
tuff_status tuff_truncate(const tuff_tokenizer *tokenizer, const struct tuff_template *templ,
                          const tuff_encode_options *options, bool has_pair, struct tuff_cut cuts[2]);

/* tokenizer_windows.c. `pair` may be NULL. The lists' texts move into the encodings. */
tuff_status tuff_windows_create(const tuff_tokenizer *tokenizer, struct tuff_token_list *text,
                                struct tuff_token_list *pair, const tuff_encode_options *options,
                                tuff_encodings **out_encodings);

#endif
