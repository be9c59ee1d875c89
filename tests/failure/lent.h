/* SPDX-License-Identifier: Apache-2.0 */
/* A program that lends its device and has ids and vectors in a buffer of its own, between its semaphores: timelines where the
 * device has them, none otherwise. The same memory comes to the library by file descriptor, too, where the device has that.
 * What the library promises of them holds where a call fails, too. */
#ifndef TUFF_TESTS_FAILURE_LENT_H
#define TUFF_TESTS_FAILURE_LENT_H

#include "support/host.h"
#include "tuff.h"

enum { LENT_TEXTS = 2, LENT_WIDTH = 40, LENT_NUMBERS = LENT_TEXTS * LENT_WIDTH };
/* The texts that the ids are of. */
extern const tuff_text lent_texts[LENT_TEXTS];

enum lent_place { LENT_IDS, LENT_TYPES, LENT_VECTORS, LENT_PLACES };

struct lent {
    struct test_host host;
    struct test_host_buffer buffer;
    tuff_shared_buffer *shared; /* the buffer's memory, once lent_share succeeded and the device has that */
    VkSemaphore waits[LENT_PLACES], signals[LENT_PLACES];
    uint64_t value; /* that all have after the last call */
};

void lent_open(struct lent *lent, const char *disable);
void lent_close(struct lent *lent);

/* Hands the buffer's memory over by file descriptor, unless that was done. */
tuff_status lent_share(struct lent *lent, tuff_context *context);
/* Before the context goes. */
void lent_unshare(struct lent *lent);

tuff_status lent_embed_tokens(struct lent *lent, tuff_model *model, float *out_vectors);
/* Into the buffer, where a success has to leave `vectors`. */
tuff_status lent_embed_tokens_into(struct lent *lent, tuff_model *model, const float *vectors);
/* Into the shared buffer, where there is one. */
tuff_status lent_embed_into(struct lent *lent, tuff_model *model, const float *vectors);

#endif
