/* SPDX-License-Identifier: Apache-2.0 */
/* tuff search: the lines of a text whose vectors point most nearly the same way as a query's. Holds the
 * vectors of the queries and the best lines only, so the text may be of any size. */
#include "commands.h"
#include "embedding.h"
#include "progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hit {
    double score;
    size_t line;
    tuff_text text; /* both are copies of its own */
    struct record_id id;
};

/* One query with the best lines so far, the best first. */
struct query {
    const char *text;
    float *vector;
    struct hit *hits;
    size_t hit_count;
    size_t capacity;
};

struct search {
    struct query *queries;
    size_t query_count;
    size_t top_k;
    size_t size; /* numbers in a vector */
};

/* ---------------------------------------------------------------- the best lines */

static double cosine(const float *a, const float *b, size_t size) {
    double dot = 0.0;
    double a_square = 0.0;
    double b_square = 0.0;
    for (size_t i = 0; i < size; i++) {
        dot += (double)a[i] * (double)b[i];
        a_square += (double)a[i] * (double)a[i];
        b_square += (double)b[i] * (double)b[i];
    }
    double length = sqrt(a_square) * sqrt(b_square);
    return length > 0.0 ? dot / length : 0.0;
}

static tuff_text copy(tuff_text text) {
    return text.data ? (tuff_text){ copy_text(text.data, text.length), text.length } : text;
}

static void free_hit(struct hit *hit) {
    free((char *)hit->text.data);
    free((char *)hit->id.text.data);
}

/* Equal scores stay in the order of the lines. */
static void offer(struct query *query, size_t top_k, double score, const struct record *record) {
    size_t place = query->hit_count;
    while (place > 0 && query->hits[place - 1].score < score)
        place--;
    if (place >= top_k)
        return;
    if (query->hit_count == top_k)
        free_hit(&query->hits[--query->hit_count]);
    query->hits = grow(query->hits, &query->capacity, query->hit_count + 1, sizeof(*query->hits));
    memmove(&query->hits[place + 1], &query->hits[place], (query->hit_count - place) * sizeof(*query->hits));
    query->hits[place] = (struct hit){
        .score = score,
        .line = record->line,
        .text = copy(record->values[0].texts[0]),
        .id = { copy(record->id.text), record->id.is_json },
    };
    query->hit_count++;
}

/* ---------------------------------------------------------------- output */

static void print_json(struct output *output, size_t index, const struct hit *hit) {
    output_print(output, "{\"index\":%zu,\"line\":%zu", index, hit->line);
    record_print_json_id(output, &hit->id);
    output_text(output, ",\"score\":");
    output_float(output, (float)hit->score);
    output_text(output, ",\"text\":");
    output_json_string(output, hit->text.data, hit->text.length);
    output_text(output, "}\n");
}

static void print_hit(struct output *output, const struct hit *hit) {
    output_print(output, "%7.4f  %6zu  ", hit->score, hit->line);
    output_readable(output, hit->text.data, hit->text.length);
    output_text(output, "\n");
}

static void print_hits(struct output *output, const struct search *search, bool is_json) {
    for (size_t q = 0; q < search->query_count; q++) {
        const struct query *query = &search->queries[q];
        if (!is_json && search->query_count > 1)
            output_print(output, "%s%s\n", q > 0 ? "\n" : "", query->text);
        for (size_t i = 0; i < query->hit_count; i++) {
            if (is_json)
                print_json(output, q, &query->hits[i]);
            else
                print_hit(output, &query->hits[i]);
        }
    }
}

/* ---------------------------------------------------------------- the work */

static int embed_queries(struct search *search, struct embedding *embedding) {
    struct record *records = allocate(search->query_count, sizeof(*records));
    tuff_text *texts = allocate(search->query_count, sizeof(*texts));
    for (size_t i = 0; i < search->query_count; i++) {
        texts[i] = (tuff_text){ search->queries[i].text, strlen(search->queries[i].text) };
        records[i] = (struct record){ .index = i, .values = { { &texts[i], 1 } } };
    }
    int code = embedding_run(embedding, &(struct window){ records, search->query_count });
    for (size_t i = 0; code == EXIT_SUCCESS && i < search->query_count; i++) {
        search->queries[i].vector = allocate(search->size, sizeof(float));
        memcpy(search->queries[i].vector, embedding->vectors + i * search->size,
               search->size * sizeof(float));
    }
    free(texts);
    free(records);
    return code;
}

static void offer_window(struct search *search, const struct window *window, const float *vectors) {
    for (size_t i = 0; i < window->count; i++)
        for (size_t q = 0; q < search->query_count; q++) {
            struct query *query = &search->queries[q];
            offer(query, search->top_k, cosine(query->vector, vectors + i * search->size, search->size),
                  &window->records[i]);
        }
}

static int run(struct search *search, struct session *session, const struct embedding_options *options,
               struct records *records) {
    struct embedding embedding;
    embedding_start(&embedding, session, options);
    search->size = embedding.size;
    int code = embed_queries(search, &embedding);
    progress_start("texts", 0, session->common->quiet);
    while (code == EXIT_SUCCESS) {
        struct window window;
        code = records_read(records, &window);
        if (code != EXIT_SUCCESS || window.count == 0)
            break;
        code = embedding_run(&embedding, &window);
        if (code == EXIT_SUCCESS)
            offer_window(search, &window, embedding.vectors);
    }
    progress_stop();
    embedding_finish(&embedding);
    return code;
}

static void create_queries(struct search *search, const struct arguments *arguments) {
    search->query_count = arguments->count;
    search->queries = allocate(arguments->count, sizeof(*search->queries));
    for (size_t i = 0; i < arguments->count; i++)
        search->queries[i] = (struct query){ .text = arguments->values[i] };
}

static void free_queries(struct search *search) {
    for (size_t q = 0; q < search->query_count; q++) {
        for (size_t i = 0; i < search->queries[q].hit_count; i++)
            free_hit(&search->queries[q].hits[i]);
        free(search->queries[q].hits);
        free(search->queries[q].vector);
    }
    free(search->queries);
}

static int search_and_print(struct search *search, const struct common_options *common,
                            const struct embedding_options *options, struct records *records) {
    struct output *output = output_open(common->out);
    if (!output)
        return EXIT_FAILURE;
    struct session session;
    int code = session_open(&session, common);
    if (code == EXIT_SUCCESS) {
        code = run(search, &session, options, records);
        session_close(&session);
    }
    if (code == EXIT_SUCCESS)
        print_hits(output, search, common->json);
    return output_close(output, code);
}

int tuff_cmd_search(int argc, char **argv) {
    struct common_options common = COMMON_OPTIONS_DEFAULTS;
    struct embedding_options embedding = EMBEDDING_OPTIONS_DEFAULTS;
    struct record_source source = { .fields = { { .name = "text", .is_required = true } },
                                    .field_count = 1,
                                    .skips_empty = true };
    uint64_t top_k = 10;
    const struct option options[] = {
        COMMON_OPTIONS(common),
        { .name = "top-k",
          .type = OPTION_UNSIGNED,
          .value_name = "N",
          .target = &top_k,
          .help = "how many lines to show (default: 10)",
          .minimum = 1,
          .maximum = 100000 },
        EMBEDDING_OPTIONS(embedding),
        RECORD_OPTIONS(source),
        FIELD_OPTION(source, 0, "text-field", "the text (default: text)"),
    };
    const struct command command = {
        .name = "search",
        .arguments = "QUERY...",
        .about =
            "Shows the lines of --file (or of standard input) that mean most nearly the same as a query: the "
            "cosine of their vectors, the number of the line, and the line. Empty lines are passed over.",
        .example =
            "tuff search --model build/models/all-MiniLM-L6-v2 --file tools/demo.txt 'animals at night'",
        .options = options,
        .option_count = COUNT(options),
        .minimum_arguments = 1,
        .maximum_arguments = 1000,
    };
    struct arguments arguments;
    int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    source.is_quiet = common.quiet;
    struct records *records = records_open(&source, NULL);
    if (!records)
        return EXIT_FAILURE;
    struct search search = { .top_k = (size_t)top_k };
    create_queries(&search, &arguments);
    code = search_and_print(&search, &common, &embedding, records);
    free_queries(&search);
    return records_close(records, code);
}
