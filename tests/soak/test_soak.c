/* SPDX-License-Identifier: Apache-2.0 */
/* A model that is asked again and again, by texts of all lengths, holds on to nothing: after the first tenth of
 * the requests memory grows by less than 1 MiB, open files and Vulkan objects by none. TUFF_SOAK_REQUESTS says
 * how many there are. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/layer.h"
#include "tuff.h"

enum { USUAL_REQUESTS = 2000, MOST_WORDS = 60, WIDTH = 40 };

struct state {
    long bytes; /* resident */
    int files;
    int64_t objects[LAYER_MAX_KINDS];
};

static int open_files(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    cr_assert_not_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static long resident(void) {
    long pages = 0, all = 0;
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%ld %ld", &all, &pages) == 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

static struct state look(const struct tuff_layer *layer) {
    struct state state = { .bytes = resident(), .files = open_files() };
    for (uint32_t i = 0; i < layer->kind_count; i++)
        state.objects[i] = layer->live[i];
    return state;
}

/* Up to three texts of up to sixty words, the model's limit included. */
static void ask(tuff_model *model, unsigned *seed) {
    char words[3][4 * MOST_WORDS];
    float vectors[3 * WIDTH];
    tuff_text texts[3];
    size_t count = 1 + (size_t)rand_r(seed) % 3;
    for (size_t i = 0; i < count; i++) {
        size_t length = (size_t)rand_r(seed) % MOST_WORDS;
        for (size_t w = 0; w < length; w++) {
            words[i][2 * w] = (char)('a' + rand_r(seed) % 26);
            words[i][2 * w + 1] = ' ';
        }
        texts[i] = (tuff_text){ words[i], 2 * length };
    }
    cr_assert_eq(tuff_embed(model, texts, count, NULL, vectors, NULL), TUFF_OK, "%s", tuff_error_message());
}

Test(soak, requests_leave_nothing_behind, .timeout = 7200) {
    const char *wanted = getenv("TUFF_SOAK_REQUESTS");
    int requests = wanted ? atoi(wanted) : USUAL_REQUESTS;
    struct tuff_layer *layer = test_layer();
    struct state before = { 0 };
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    unsigned seed = 7;
    cr_assert_eq(tuff_context_create(NULL, &context), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_model_open(context, TUFF_SOURCE_DIR "/tests/data/models/small-classes", NULL, &model),
                 TUFF_OK, "%s", tuff_error_message());
    for (int i = 0; i < requests; i++) {
        if (i == requests / 10)
            before = look(layer);
        ask(model, &seed);
    }
    const struct state after = look(layer);
    fprintf(stderr, "%d requests: %ld KiB and %d files more\n", requests, (after.bytes - before.bytes) / 1024,
            after.files - before.files);
    cr_assert_eq(after.files, before.files);
    for (uint32_t i = 0; i < layer->kind_count; i++)
        cr_assert_eq(after.objects[i], before.objects[i], "%s: from %d to %d objects", layer->kinds[i],
                     (int)before.objects[i], (int)after.objects[i]);
    cr_assert_lt(after.bytes - before.bytes, 1 << 20);
    tuff_model_close(model);
    tuff_context_destroy(context);
    test_layer_check_empty(layer, "the end");
}
