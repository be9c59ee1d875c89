/* SPDX-License-Identifier: Apache-2.0 */
/* Times the forward passes of a GGUF in llama.cpp's first Vulkan device:
 *
 *     time_llama MODEL.gguf NAME REPEATS TOKENS SHAPE...
 *
 * A shape is SENTENCESxTOKENS, or 256x8..128: 256 sentences of 8 to 128 tokens. Sentences share a pass up to TOKENS; llama.cpp
 * scores all tokens of a pass with each other, so that more is not always faster. Prints a JSON line for each shape with
 * every run's milliseconds. */
#include <llama.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_SENTENCES = 256, MOST_PASS = 1024, RAGGED_LEAST = 8, RAGGED_MOST = 128, VOCABULARY = 30522 };

struct workload {
    const char *shape;
    int sentences;
    int lengths[MOST_SENTENCES];
};

static double now_ms(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "time_llama: %s\n", what);
    exit(EXIT_FAILURE);
}

static void print_errors(enum ggml_log_level level, const char *text, void *user) {
    (void)user;
    if (level == GGML_LOG_LEVEL_ERROR)
        fputs(text, stderr);
}

static struct workload read_shape(const char *shape) {
    struct workload work = { .shape = shape, .sentences = MOST_SENTENCES };
    int length = 0;
    const int is_ragged = strcmp(shape, "256x8..128") == 0;
    if (!is_ragged &&
        (sscanf(shape, "%dx%d", &work.sentences, &length) != 2 || work.sentences > MOST_SENTENCES))
        fail("a shape is SENTENCESxTOKENS or 256x8..128");
    for (int i = 0; i < work.sentences; i++)
        work.lengths[i] = is_ragged ? RAGGED_LEAST + rand() % (RAGGED_MOST - RAGGED_LEAST + 1) : length;
    return work;
}

/* The sentences from `first` on that fit into `most` tokens, or at least one. */
static int encode(struct llama_context *context, const struct workload *work, int first, int most) {
    int count = 0, tokens = 0;
    while (first + count < work->sentences && (count == 0 || tokens + work->lengths[first + count] <= most))
        tokens += work->lengths[first + count++];
    struct llama_batch batch = llama_batch_init(tokens, 0, 1);
    for (int s = 0; s < count; s++)
        for (int t = 0; t < work->lengths[first + s]; t++) {
            const int i = batch.n_tokens++;
            batch.token[i] = rand() % VOCABULARY;
            batch.pos[i] = t;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = s;
            batch.logits[i] = 1;
        }
    if (llama_encode(context, batch) != 0)
        fail("a pass failed");
    for (int s = 0; s < count; s++) { /* waits for the device */
        const float *embedding = llama_get_embeddings_seq(context, s);
        if (!embedding || !isfinite(embedding[0]))
            fail("a pass gave no embedding");
    }
    llama_batch_free(batch);
    return count;
}

static double time_passes(struct llama_context *context, const struct workload *work, int most) {
    const double start = now_ms();
    for (int i = 0; i < work->sentences;)
        i += encode(context, work, i, most);
    return now_ms() - start;
}

/* After a pass that does not count. */
static void measure(struct llama_context *context, const char *name, const struct workload *work, int most,
                    int repeats) {
    encode(context, work, 0, most);
    printf("{\"peer\":\"llama.cpp\",\"model\":\"%s\",\"shape\":\"%s\",\"dtype\":\"f32\",\"pass\":%d,\"ms\":[",
           name, work->shape, most);
    for (int i = 0; i < repeats; i++)
        printf("%s%.3f", i ? "," : "", time_passes(context, work, most));
    puts("]}");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 6)
        fail("time_llama MODEL.gguf NAME REPEATS TOKENS SHAPE...");
    llama_log_set(print_errors, NULL);
    llama_backend_init();
    struct llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = -1;
    struct llama_model *model = llama_model_load_from_file(argv[1], model_params);
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = MOST_PASS;
    params.n_seq_max = 128; /* of 8 tokens or more in one pass */
    params.n_threads = params.n_threads_batch = 2;
    params.embeddings = true;
    params.kv_unified = true;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED; /* without: as fast or faster there */
    struct llama_context *context = model ? llama_init_from_model(model, params) : NULL;
    if (!context)
        fail("the model cannot be loaded");
    for (int i = 5; i < argc; i++) {
        const struct workload work = read_shape(argv[i]);
        measure(context, argv[2], &work, atoi(argv[4]), atoi(argv[3]));
    }
    llama_free(context);
    llama_model_free(model);
    return EXIT_SUCCESS;
}
