/* SPDX-License-Identifier: Apache-2.0 */
/* A model that is asked again and again, by texts of all lengths, holds on to nothing: after the first tenth of
 * the requests the process grows by less than 1 MiB, what tuff itself has allocated, open files and Vulkan objects by
 * none. It keeps the graphs of the last shapes: the same requests come before each look, so that the graphs are the same.
 * TUFF_SOAK_REQUESTS says how many requests there are. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/folder.h"
#include "support/layer.h"
#include "tuff.h"

enum { USUAL_REQUESTS = 2000, SAME_REQUESTS = 200, MOST_WORDS = 60, WIDTH = 40 };

static atomic_long own_blocks, own_bytes; /* of tuff on the host */

enum { HEADER = 16 }; /* holds the size, and keeps blocks aligned for any type */

static void *count_allocate(void *user, size_t size) {
    (void)user;
    char *block = malloc(size + HEADER);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    own_blocks++;
    own_bytes += (long)size;
    return block + HEADER;
}

static void count_release(void *user, void *pointer) {
    (void)user;
    if (!pointer)
        return;
    char *block = (char *)pointer - HEADER;
    size_t size = 0;
    memcpy(&size, block, sizeof size);
    own_blocks--;
    own_bytes -= (long)size;
    free(block);
}

struct state {
    long bytes; /* resident */
    long own_blocks, own_bytes;
    int files;
    int64_t objects[LAYER_MAX_KINDS];
};

static long resident(void) {
    long pages = 0, all = 0;
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%ld %ld", &all, &pages) == 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
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

static struct state look(const struct tuff_layer *layer, tuff_model *model) {
    unsigned seed = 1;
    for (int i = 0; i < SAME_REQUESTS; i++)
        ask(model, &seed);
    struct state state = {
        .bytes = resident(), .own_blocks = own_blocks, .own_bytes = own_bytes, .files = test_open_files()
    };
    for (uint32_t i = 0; i < layer->kind_count; i++)
        state.objects[i] = layer->live[i];
    return state;
}

Test(soak, requests_leave_nothing_behind, .timeout = 7200) {
    const char *wanted = getenv("TUFF_SOAK_REQUESTS");
    int requests = wanted ? atoi(wanted) : USUAL_REQUESTS;
    struct tuff_layer *layer = test_layer();
    struct state before = { 0 };
    tuff_context *context = NULL;
    tuff_model *model = NULL;
    unsigned seed = 7;
    const tuff_allocator allocator = { count_allocate, count_release, NULL };
    tuff_context_options options = TUFF_CONTEXT_OPTIONS;
    options.allocator = &allocator;
    cr_assert_eq(tuff_context_create(&options, &context), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_model_open(context, TUFF_SOURCE_DIR "/tests/data/models/small-classes", NULL, &model),
                 TUFF_OK, "%s", tuff_error_message());
    for (int i = 0; i < requests; i++) {
        if (i == requests / 10)
            before = look(layer, model);
        ask(model, &seed);
    }
    const struct state after = look(layer, model);
    fprintf(stderr, "%d requests: %ld KiB, %ld own bytes in %ld blocks and %d files more\n", requests,
            (after.bytes - before.bytes) / 1024, after.own_bytes - before.own_bytes,
            after.own_blocks - before.own_blocks, after.files - before.files);
    cr_assert_eq(after.own_blocks, before.own_blocks);
    cr_assert_eq(after.own_bytes, before.own_bytes);
    cr_assert_eq(after.files, before.files);
    for (uint32_t i = 0; i < layer->kind_count; i++)
        cr_assert_eq(after.objects[i], before.objects[i], "%s: from %d to %d objects", layer->kinds[i],
                     (int)before.objects[i], (int)after.objects[i]);
    cr_assert_lt(after.bytes - before.bytes, 1 << 20);
    tuff_model_close(model);
    tuff_context_destroy(context);
    cr_assert_eq(own_blocks, 0);
    test_layer_check_empty(layer, "the end");
}
