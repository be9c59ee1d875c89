/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of tokens to entities, as transformers' pipeline for token classification groups them. */
#ifndef TUFF_TASK_ENTITIES_H
#define TUFF_TASK_ENTITIES_H

#include "task/tokenizer.h"
#include "task/windowed.h"

/* A token of a window with what the head says of it. */
struct tuff_tagged_token {
    tuff_text word;
    tuff_offset offset, byte_offset;
    size_t index;        /* in the whole text, [CLS] being 0 */
    bool is_subword;     /* goes on with the word of the token before it */
    const float *scores; /* probabilities of the labels */
};

/* An entity while it may still be dropped; owns its word. */
struct tuff_found_entity {
    const char *label;
    char *word;
    size_t word_length;
    double score;
    tuff_offset offset, byte_offset;
    size_t index;
    size_t order; /* in which it was found */
};

struct tuff_entity_list {
    struct tuff_found_entity *items;
    size_t count, capacity;
};

/* How to group. */
struct tuff_grouping {
    tuff_aggregation aggregation;
    char **labels; /* of the head */
    size_t label_count;
    const char *const *ignored;
    size_t ignored_count;
};

/* Adds the entities of one window. */
tuff_status tuff_entities_group(const struct tuff_grouping *grouping, const struct tuff_tagged_token *tokens,
                                size_t count, struct tuff_entity_list *list);
/* Of entities that overlap, as those of overlapping windows do, the longest stays, of equally long ones that
 * with the higher score. */
void tuff_entities_resolve(struct tuff_entity_list *list);
/* Lets the words go and empties the list; its array stays. */
void tuff_entities_clear(struct tuff_entity_list *list);

#endif
