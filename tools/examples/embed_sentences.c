/* SPDX-License-Identifier: Apache-2.0 */
/* Embeds a list of sentences and prints how alike each two are.
 *
 *     embed_sentences MODEL SENTENCE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tuff.h"

static int complain(void) {
    fprintf(stderr, "embed_sentences: %s\n", tuff_error_message());
    return 1;
}

static float dot(const float *a, const float *b, size_t size) {
    float sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += a[i] * b[i];
    return sum;
}

static void print_likeness(const float *vectors, size_t count, size_t size) {
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            printf("%6.3f%s", (double)dot(vectors + i * size, vectors + j * size, size),
                   j + 1 < count ? " " : "\n");
}

static int embed(tuff_model *model, const tuff_text *texts, size_t count) {
    tuff_model_info info;
    tuff_embed_options options = TUFF_EMBED_OPTIONS;
    tuff_model_get_info(model, &info);
    float *vectors = malloc(count * info.embedding_size * sizeof *vectors);
    if (!vectors)
        return 1;
    options.normalize = 1; /* so that products are cosines */
    int failed = tuff_embed(model, texts, count, &options, vectors, NULL) != TUFF_OK && complain();
    if (!failed)
        print_likeness(vectors, count, info.embedding_size);
    free(vectors);
    return failed;
}

int main(int argc, char **argv) {
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    tuff_text texts[64];
    size_t count = 0;
    if (argc < 3 || argc > 66) {
        fprintf(stderr, "usage: embed_sentences MODEL SENTENCE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        texts[count++] = (tuff_text){ argv[i], strlen(argv[i]) };
    int failed = tuff_context_create(NULL, &context) != TUFF_OK ||
                 tuff_model_open(context, argv[1], NULL, &model) != TUFF_OK;
    failed = failed ? complain() : embed(model, texts, count);
    tuff_model_close(model);
    tuff_context_destroy(context);
    return failed;
}
