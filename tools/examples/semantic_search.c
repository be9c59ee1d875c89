/* SPDX-License-Identifier: Apache-2.0 */
/* Semantic search: the lines of a file that mean most what a question means. While the lines are embedded, a job on the
 * context's thread, the program is free: here it shows how far the job has come.
 *
 *     semantic_search MODEL FILE QUESTION
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuff.h"

enum { MOST_LINES = 10000, BEST = 3 };

static int complain(void) {
    fprintf(stderr, "semantic_search: %s\n", tuff_error_message());
    return 1;
}

/* The whole file with a NUL behind it. */
static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    size_t size = 0, got = 0;
    do {
        char *larger = realloc(data, size + 65537);
        if (!file || !larger)
            break;
        data = larger;
        got = fread(data + size, 1, 65536, file);
        size += got;
        data[size] = '\0';
    } while (got > 0);
    if (file)
        fclose(file);
    return data;
}

static size_t split(char *data, tuff_text *lines) {
    size_t count = 0;
    for (char *line = strtok(data, "\n"); line && count < MOST_LINES; line = strtok(NULL, "\n"))
        lines[count++] = (tuff_text){ line, strlen(line) };
    return count;
}

static int embed_in_background(tuff_model *model, const tuff_text *lines, size_t count,
                               const tuff_embed_options *options, float *vectors) {
    tuff_job *job = NULL;
    size_t done = 0, total = 0;
    if (tuff_job_embed(model, lines, count, options, NULL, vectors, &job) != TUFF_OK)
        return complain();
    while (!tuff_job_wait(job, 100)) {
        tuff_job_is_done(job, &done, &total);
        fprintf(stderr, "\r%zu of %zu lines", done, total);
    }
    int failed = tuff_job_result(job, NULL) != TUFF_OK && complain();
    tuff_job_free(job);
    return failed;
}

static float dot(const float *a, const float *b, size_t size) {
    float sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += a[i] * b[i];
    return sum;
}

static void print_best(const tuff_text *lines, float *scores, size_t count) {
    for (size_t rank = 0; rank < BEST && rank < count; rank++) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++)
            if (scores[i] > scores[best])
                best = i;
        printf("%.3f\t%s\n", (double)scores[best], lines[best].data);
        scores[best] = -2; /* cosines are above */
    }
}

static int search(tuff_model *model, const tuff_text *lines, size_t count, tuff_text question) {
    tuff_model_info info;
    tuff_embed_options options = TUFF_EMBED_OPTIONS;
    tuff_model_get_info(model, &info);
    const size_t size = info.embedding_size;
    float *vectors = malloc((count + 1) * size * sizeof *vectors);
    float *scores = malloc((count + 1) * sizeof *scores);
    options.normalize = 1; /* so that products are cosines */
    int failed = !vectors || !scores || embed_in_background(model, lines, count, &options, vectors);
    if (!failed && tuff_embed(model, &question, 1, &options, vectors + count * size, NULL) != TUFF_OK)
        failed = complain();
    for (size_t i = 0; i < count && !failed; i++)
        scores[i] = dot(vectors + i * size, vectors + count * size, size);
    if (!failed)
        print_best(lines, scores, count);
    free(vectors);
    free(scores);
    return failed;
}

int main(int argc, char **argv) {
    static tuff_text lines[MOST_LINES];
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    char *data = argc == 4 ? read_file(argv[2]) : NULL;
    if (!data) {
        fprintf(stderr, "usage: semantic_search MODEL FILE QUESTION\n");
        return 2;
    }
    const size_t count = split(data, lines);
    const tuff_text question = { argv[3], strlen(argv[3]) };
    int failed = tuff_context_create(NULL, &context) != TUFF_OK ||
                 tuff_model_open(context, argv[1], NULL, &model) != TUFF_OK;
    failed = failed ? complain() : search(model, lines, count, question);
    tuff_model_close(model);
    tuff_context_destroy(context);
    free(data);
    return failed;
}
