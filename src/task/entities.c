/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens become units (a token, or a word whose tokens must agree), units with the same tag become an entity.
 */
#include "task/entities.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Tokens that have one label together. */
struct unit {
    size_t first, count; /* tokens */
    size_t label;
    double score;
};

struct work {
    const struct tuff_grouping *grouping;
    const struct tuff_tagged_token *tokens;
    struct unit *units;
    size_t unit_count;
    struct tuff_entity_list *list;
};

/* ---------------------------------------------------------------- tokens to units */

static size_t best_label(const float *scores, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (scores[i] > scores[best])
            best = i;
    return best;
}

/* The label of one token holds for all. */
static void take_token(const struct work *work, size_t token, struct unit *unit) {
    const float *scores = work->tokens[token].scores;
    unit->label = best_label(scores, work->grouping->label_count);
    unit->score = (double)scores[unit->label];
}

static void take_surest_token(const struct work *work, struct unit *unit) {
    const size_t last = unit->first + unit->count;
    unit->score = -1.0;
    for (size_t token = unit->first; token < last; token++) {
        struct unit other = { 0 };
        take_token(work, token, &other);
        if (other.score > unit->score) {
            unit->label = other.label;
            unit->score = other.score;
        }
    }
}

static void take_average(const struct work *work, struct unit *unit) {
    unit->score = -1.0;
    for (size_t label = 0; label < work->grouping->label_count; label++) {
        double sum = 0.0;
        for (size_t i = 0; i < unit->count; i++)
            sum += (double)work->tokens[unit->first + i].scores[label];
        if (sum / (double)unit->count > unit->score) {
            unit->label = label;
            unit->score = sum / (double)unit->count;
        }
    }
}

static void label_unit(const struct work *work, struct unit *unit) {
    switch (work->grouping->aggregation) {
    case TUFF_AGGREGATION_NONE:
    case TUFF_AGGREGATION_SIMPLE:
    case TUFF_AGGREGATION_FIRST:
        take_token(work, unit->first, unit);
        break;
    case TUFF_AGGREGATION_AVERAGE:
        take_average(work, unit);
        break;
    case TUFF_AGGREGATION_MAX:
        take_surest_token(work, unit);
        break;
    }
}

static void make_units(struct work *work, size_t token_count) {
    const tuff_aggregation aggregation = work->grouping->aggregation;
    const bool is_by_word = aggregation != TUFF_AGGREGATION_NONE && aggregation != TUFF_AGGREGATION_SIMPLE;
    for (size_t i = 0; i < token_count; i++) {
        if (is_by_word && i > 0 && work->tokens[i].is_subword)
            work->units[work->unit_count - 1].count++;
        else
            work->units[work->unit_count++] = (struct unit){ .first = i, .count = 1 };
    }
    for (size_t i = 0; i < work->unit_count; i++)
        label_unit(work, &work->units[i]);
}

/* ---------------------------------------------------------------- units to entities */

/* "B-PER" is PER that begins; what has neither B- nor I- goes on. */
static const char *tag_of(const char *label, bool *out_begins) {
    *out_begins = strncmp(label, "B-", 2) == 0;
    return *out_begins || strncmp(label, "I-", 2) == 0 ? label + 2 : label;
}

static bool continues(const char *label, const char *before) {
    bool begins = false, other_begins = false;
    const char *tag = tag_of(label, &begins);
    return !begins && strcmp(tag, tag_of(before, &other_begins)) == 0;
}

/* transformers names a group by what stands behind the first '-', whatever stands before it. */
static const char *group_name(const char *label) {
    const char *dash = strchr(label, '-');
    return dash ? dash + 1 : label;
}

static bool is_ignored(const struct tuff_grouping *grouping, const char *label) {
    for (size_t i = 0; i < grouping->ignored_count; i++)
        if (strcmp(grouping->ignored[i], label) == 0)
            return true;
    return false;
}

static tuff_status join_unit(const struct work *work, const struct unit *unit, tuff_text *out_word) {
    tuff_text *words = NULL;
    char *word = NULL;
    TUFF_TRY(tuff_alloc(unit->count, sizeof *words, &words));
    for (size_t i = 0; i < unit->count; i++)
        words[i] = work->tokens[unit->first + i].word;
    const tuff_status status = tuff_tokens_join(words, unit->count, &word, &out_word->length);
    out_word->data = word;
    tuff_free(words);
    return status;
}

/* Tokens are joined to words and words to the entity, in two steps as transformers does, so that a piece that
 * begins a window keeps its ## only where it begins the entity. */
static tuff_status join_units(const struct work *work, size_t first, size_t count,
                              struct tuff_found_entity *entity) {
    tuff_text *words = NULL;
    tuff_status status = TUFF_OK;
    TUFF_TRY(tuff_alloc(count, sizeof *words, &words));
    for (size_t i = 0; i < count; i++)
        TUFF_TRY_GOTO(join_unit(work, &work->units[first + i], &words[i]));
    TUFF_TRY_GOTO(tuff_tokens_join(words, count, &entity->word, &entity->word_length));
done:
    for (size_t i = 0; i < count; i++)
        tuff_free((char *)words[i].data);
    tuff_free(words);
    return status;
}

static tuff_status copy_word(const struct work *work, size_t unit, struct tuff_found_entity *entity) {
    const tuff_text word = work->tokens[work->units[unit].first].word;
    entity->word_length = word.length;
    return tuff_copy_text(word.data, word.length, &entity->word);
}

static tuff_status add_entity(struct work *work, size_t first, size_t count) {
    const struct tuff_grouping *grouping = work->grouping;
    const bool is_token = grouping->aggregation == TUFF_AGGREGATION_NONE;
    const struct unit *last = &work->units[first + count - 1];
    const struct tuff_tagged_token *from = &work->tokens[work->units[first].first];
    const struct tuff_tagged_token *to = &work->tokens[last->first + last->count - 1];
    const char *label = grouping->labels[work->units[first].label];
    struct tuff_found_entity entity = {
        .label = is_token ? label : group_name(label),
        .offset = { from->offset.start, to->offset.end },
        .byte_offset = { from->byte_offset.start, to->byte_offset.end },
        .index = from->index,
        .order = work->list->count,
    };
    if (is_ignored(grouping, entity.label))
        return TUFF_OK;
    for (size_t i = 0; i < count; i++)
        entity.score += work->units[first + i].score / (double)count;
    TUFF_TRY(tuff_reserve(&work->list->items, &work->list->capacity, work->list->count + 1,
                          sizeof *work->list->items));
    TUFF_TRY(is_token ? copy_word(work, first, &entity) : join_units(work, first, count, &entity));
    work->list->items[work->list->count++] = entity;
    return TUFF_OK;
}

static tuff_status add_entities(struct work *work) {
    const struct tuff_grouping *grouping = work->grouping;
    for (size_t first = 0; first < work->unit_count;) {
        size_t count = 1;
        while (grouping->aggregation != TUFF_AGGREGATION_NONE && first + count < work->unit_count &&
               continues(grouping->labels[work->units[first + count].label],
                         grouping->labels[work->units[first + count - 1].label]))
            count++;
        TUFF_TRY(add_entity(work, first, count));
        first += count;
    }
    return TUFF_OK;
}

tuff_status tuff_entities_group(const struct tuff_grouping *grouping, const struct tuff_tagged_token *tokens,
                                size_t count, struct tuff_entity_list *list) {
    struct work work = { .grouping = grouping, .tokens = tokens, .list = list };
    TUFF_TRY(tuff_alloc(count, sizeof *work.units, &work.units));
    make_units(&work, count);
    const tuff_status status = add_entities(&work);
    tuff_free(work.units);
    return status;
}

/* ---------------------------------------------------------------- entities that overlap */

static int compare_starts(const void *left, const void *right) {
    const struct tuff_found_entity *a = left;
    const struct tuff_found_entity *b = right;
    if (a->offset.start != b->offset.start)
        return a->offset.start < b->offset.start ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool is_better(const struct tuff_found_entity *a, const struct tuff_found_entity *b) {
    const uint32_t a_length = a->offset.end - a->offset.start;
    const uint32_t b_length = b->offset.end - b->offset.start;
    return a_length != b_length ? a_length > b_length : a->score > b->score;
}

void tuff_entities_resolve(struct tuff_entity_list *list) {
    size_t kept = 0;
    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof *list->items, compare_starts);
    for (size_t i = 1; i < list->count; i++) {
        struct tuff_found_entity *before = &list->items[kept];
        struct tuff_found_entity *entity = &list->items[i];
        if (entity->offset.start >= before->offset.end) {
            list->items[++kept] = *entity;
        } else if (is_better(entity, before)) {
            tuff_free(before->word);
            *before = *entity;
        } else {
            tuff_free(entity->word);
        }
    }
    list->count = kept + 1;
}

void tuff_entities_clear(struct tuff_entity_list *list) {
    for (size_t i = 0; i < list->count; i++)
        tuff_free(list->items[i].word);
    list->count = 0;
}
