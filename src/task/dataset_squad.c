/* SPDX-License-Identifier: Apache-2.0 */
/* SQuAD's JSON, v1.1 and v2.0: data[].paragraphs[].qas[], spans in code points of the context. The document's
 * form must be right as a whole; questions and their spans are looked at one by one. */
#include <string.h>

#include "base/memory.h"
#include "base/unicode.h"
#include "task/dataset_reader.h"

/* A paragraph's context, with the byte at which each of its code points begins. */
struct context {
    tuff_text text;
    uint32_t *starts; /* (length + 1) */
    size_t length, capacity;
};

static tuff_status set_context(struct tuff_dataset_reader *reader, tuff_text text, struct context *context) {
    TUFF_TRY(tuff_blocks_copy(&reader->dataset->blocks, text.data, text.length, &context->text));
    TUFF_TRY(tuff_reserve(&context->starts, &context->capacity, text.length + 1, sizeof *context->starts));
    context->length = 0;
    for (size_t at = 0; at < text.length;) {
        uint32_t c;
        context->starts[context->length++] = (uint32_t)at;
        at += tuff_utf8_decode(text.data + at, text.length - at, &c, NULL);
    }
    context->starts[context->length] = (uint32_t)text.length;
    return TUFF_OK;
}

static size_t count_code_points(tuff_text text) {
    size_t count = 0;
    for (size_t at = 0; at < text.length; count++) {
        uint32_t c;
        at += tuff_utf8_decode(text.data + at, text.length - at, &c, NULL);
    }
    return count;
}

/* NULL, or what is wrong with the span. */
static const char *check_span(const struct context *context, tuff_text text, int64_t start) {
    const size_t length = count_code_points(text);
    if (start < 0 || (uint64_t)start > context->length || length > context->length - (size_t)start)
        return "lies outside the context";
    if (length == 0)
        return "is empty";
    if (memcmp(context->text.data + context->starts[start], text.data, text.length) != 0)
        return "is not the text that stands there in the context";
    return NULL;
}

/* A span that cannot be used gives *out_is_good = false, and is rejected with its question. */
static tuff_status read_answers(struct tuff_dataset_reader *reader, const struct tuff_json *answers,
                                const struct context *context, struct tuff_record *record,
                                bool *out_is_good) {
    const size_t count = tuff_json_count(answers);
    struct tuff_dataset_answer *items = NULL;
    *out_is_good = true;
    TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, count, sizeof *items, &items));
    for (size_t i = 0; i < count; i++) {
        const struct tuff_json answer = tuff_json_item(answers, i);
        tuff_text text;
        int64_t start = 0;
        TUFF_TRY(tuff_json_text(&answer, "text", &text));
        TUFF_TRY(tuff_json_integer(&answer, "answer_start", &start));
        const char *problem = check_span(context, text, start);
        if (problem) {
            *out_is_good = false;
            return tuff_dataset_reject(reader, record->line, "its answer at %lld %s", (long long)start,
                                       problem);
        }
        TUFF_TRY(tuff_blocks_copy(&reader->dataset->blocks, text.data, text.length, &items[i].text));
        items[i].start = (uint32_t)start;
        items[i].end = (uint32_t)((size_t)start + count_code_points(text));
    }
    record->answers = items;
    record->answer_count = (uint32_t)count;
    return TUFF_OK;
}

static tuff_status set_texts(struct tuff_dataset_reader *reader, tuff_text id, tuff_text question,
                             tuff_text context, struct tuff_record *record) {
    tuff_text *texts = NULL;
    TUFF_TRY(tuff_blocks_allocate(&reader->dataset->blocks, 3, sizeof *texts, &texts));
    TUFF_TRY(tuff_blocks_copy(&reader->dataset->blocks, question.data, question.length, &texts[0]));
    texts[1] = context;
    TUFF_TRY(tuff_blocks_copy(&reader->dataset->blocks, id.data, id.length, &texts[2]));
    record->fields[TUFF_FIELD_TEXT] = (struct tuff_field_value){ &texts[0], 1, true, false };
    record->fields[TUFF_FIELD_PAIR] = (struct tuff_field_value){ &texts[1], 1, true, false };
    record->fields[TUFF_FIELD_ID] = (struct tuff_field_value){ &texts[2], 1, true, false };
    return TUFF_OK;
}

static tuff_status push_question(struct tuff_dataset_reader *reader, const struct tuff_json *question,
                                 const struct context *context) {
    struct tuff_record record = { .line = reader->record_count + 1 };
    struct tuff_json impossible, answers;
    tuff_text id, text;
    bool is_impossible = false, is_good = true;
    TUFF_TRY(tuff_json_text(question, "id", &id));
    TUFF_TRY(tuff_json_text(question, "question", &text));
    if (tuff_json_find(question, "is_impossible", &impossible)) {
        TUFF_TRY(tuff_json_as_boolean(&impossible, &is_impossible));
        reader->dataset->is_squad_2 = true;
    }
    TUFF_TRY(set_texts(reader, id, text, context->text, &record));
    if (!is_impossible &&
        (!reader->options->is_unlabelled || tuff_json_find(question, "answers", &answers))) {
        TUFF_TRY(tuff_json_array(question, "answers", &answers));
        TUFF_TRY(read_answers(reader, &answers, context, &record, &is_good));
    }
    if (is_good && !is_impossible && record.answer_count == 0 && !reader->options->is_unlabelled) {
        is_good = false;
        TUFF_TRY(tuff_dataset_reject(reader, record.line, "has no answer, and is not said to be impossible"));
    }
    if (is_good)
        return tuff_dataset_push(reader, &record);
    reader->record_count++;
    return TUFF_OK;
}

static tuff_status read_paragraph(struct tuff_dataset_reader *reader, const struct tuff_json *paragraph,
                                  struct context *context) {
    struct tuff_json questions;
    tuff_text text;
    TUFF_TRY(tuff_json_text(paragraph, "context", &text));
    if (text.length > INT32_MAX)
        return tuff_json_fail(paragraph, "has a context of more than 2 GiB");
    TUFF_TRY(set_context(reader, text, context));
    TUFF_TRY(tuff_json_array(paragraph, "qas", &questions));
    for (size_t i = 0; i < tuff_json_count(&questions) && !tuff_dataset_is_full(reader); i++) {
        const struct tuff_json question = tuff_json_item(&questions, i);
        TUFF_TRY(push_question(reader, &question, context));
    }
    return TUFF_OK;
}

static tuff_status read_articles(struct tuff_dataset_reader *reader, const struct tuff_json *root,
                                 struct context *context) {
    struct tuff_json articles, paragraphs, version;
    const char *name = "";
    if (tuff_json_find(root, "version", &version))
        TUFF_TRY(tuff_json_as_string(&version, &name));
    reader->dataset->is_squad_2 = strncmp(name, "v2", 2) == 0 || name[0] == '2';
    TUFF_TRY(tuff_json_array(root, "data", &articles));
    for (size_t i = 0; i < tuff_json_count(&articles); i++) {
        const struct tuff_json article = tuff_json_item(&articles, i);
        TUFF_TRY(tuff_json_array(&article, "paragraphs", &paragraphs));
        for (size_t j = 0; j < tuff_json_count(&paragraphs) && !tuff_dataset_is_full(reader); j++) {
            const struct tuff_json paragraph = tuff_json_item(&paragraphs, j);
            TUFF_TRY(read_paragraph(reader, &paragraph, context));
        }
    }
    return TUFF_OK;
}

tuff_status tuff_dataset_read_squad(struct tuff_dataset_reader *reader) {
    struct tuff_json root = { 0 };
    struct context context = { 0 };
    tuff_status status = TUFF_OK;
    TUFF_TRY_GOTO(tuff_json_parse(reader->text.data, reader->text.length, reader->path, 0, &root));
    TUFF_TRY_GOTO(read_articles(reader, &root, &context));
done:
    tuff_free(context.starts);
    tuff_json_free(&root);
    return status;
}
