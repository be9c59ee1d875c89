/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns of a file hold what. */
#include "task/dataset_reader.h"

/* Where a pair is asked for by name only: a file of single texts may have a second column of text. */
static const char *const none[] = { NULL };

static const char *const usual_text[] = { "text",     "sentence", "sentence1", "premise", "question1",
                                          "question", "query",    "anchor",    "content", NULL };
static const char *const usual_tokens[] = { "tokens", "words", NULL };
static const char *const usual_context[] = { "context", "sent1", "question", "startphrase", "text", NULL };
static const char *const usual_query[] = { "query", "question", "anchor", "text", "sentence1", NULL };
static const char *const usual_pair[] = { "pair", "sentence2", "hypothesis", "question2", "text2", NULL };
static const char *const usual_passage[] = { "passage", "document",  "positive", "answer",
                                             "pair",    "sentence2", NULL };
static const char *const usual_choices[] = { "choices", "endings", "ending0,ending1,ending2,ending3", NULL };
static const char *const usual_label[] = { "label", "labels", "score",    "similarity",
                                           "class", "tags",   "ner_tags", NULL };
static const char *const usual_id[] = { "id", "index", NULL };

const char *const *tuff_dataset_usual_names(enum tuff_dataset_kind kind, enum tuff_field field) {
    if (field == TUFF_FIELD_LABEL)
        return kind == TUFF_DATASET_SIMILAR ? none : usual_label;
    if (field == TUFF_FIELD_ID)
        return usual_id;
    switch (kind) {
    case TUFF_DATASET_TAGS:
        return field == TUFF_FIELD_TEXT ? usual_tokens : none;
    case TUFF_DATASET_CHOICES:
        return field == TUFF_FIELD_TEXT ? usual_context : usual_choices;
    case TUFF_DATASET_RELEVANCE:
    case TUFF_DATASET_SIMILAR:
        return field == TUFF_FIELD_TEXT ? usual_query : usual_passage;
    default:
        return field == TUFF_FIELD_TEXT ? usual_text : usual_pair;
    }
}

const char *tuff_dataset_asked_name(const struct tuff_dataset_options *options, enum tuff_field field) {
    switch (field) {
    case TUFF_FIELD_TEXT:
        return options->text_column;
    case TUFF_FIELD_PAIR:
        return options->pair_column;
    case TUFF_FIELD_LABEL:
        return options->label_column;
    default:
        return options->id_column;
    }
}

bool tuff_dataset_needs(const struct tuff_dataset_options *options, enum tuff_field field) {
    if (tuff_dataset_asked_name(options, field) || field == TUFF_FIELD_TEXT)
        return true;
    if (field == TUFF_FIELD_LABEL)
        return !options->is_unlabelled && options->kind != TUFF_DATASET_SIMILAR &&
               options->kind != TUFF_DATASET_ANSWERS;
    return field == TUFF_FIELD_PAIR &&
           (options->needs_pair || options->kind == TUFF_DATASET_CHOICES ||
            options->kind == TUFF_DATASET_RELEVANCE || options->kind == TUFF_DATASET_SIMILAR);
}
