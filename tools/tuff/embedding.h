/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of records to vectors: what `embed` and `search` share. */
#ifndef TUFF_EMBEDDING_H
#define TUFF_EMBEDDING_H

#include "records.h"
#include "session.h"

struct embedding_options {
    int pooling;         /* a tuff_pooling */
    int normalize;       /* -1: as the folder says */
    uint64_t max_length; /* 0: the model's */
};
#define EMBEDDING_OPTIONS_DEFAULTS                                                                           \
    { TUFF_POOLING_AUTO, -1, 0 }

#define EMBEDDING_OPTIONS(embedding)                                                                         \
    { .name = "pooling",                                                                                     \
      .type = OPTION_CHOICE,                                                                                 \
      .choices = "auto|mean|cls|max",                                                                        \
      .target = &(embedding).pooling,                                                                        \
      .help = "tokens to one vector (default: as the folder's modules say, else the mean)" },                \
        { .name = "normalize",                                                                               \
          .type = OPTION_TRISTATE,                                                                           \
          .target = &(embedding).normalize,                                                                  \
          .help = "vectors of length one, or not (default: as the folder's modules say)" },                  \
    {                                                                                                        \
        .name = "max-length", .type = OPTION_UNSIGNED, .value_name = "N", .target = &(embedding).max_length, \
        .help = "tokens of a text that count, special ones included (default: the model's)", .minimum = 1,   \
        .maximum = UINT32_MAX                                                                                \
    }

struct embedding {
    struct session *session;
    tuff_embed_options options;
    size_t size; /* numbers in a vector */
    float *vectors;
    size_t capacity; /* vectors that there is room for */
    tuff_text *texts;
    size_t text_capacity;
    size_t done; /* records of earlier windows */
    size_t truncated;
};

void embedding_start(struct embedding *embedding, struct session *session,
                     const struct embedding_options *options);

/* One vector for each record, in `vectors` until the next call. An exit code. */
int embedding_run(struct embedding *embedding, const struct window *window);

/* Says how many texts were cut, and frees. */
void embedding_finish(struct embedding *embedding);

#endif
