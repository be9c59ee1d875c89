/* SPDX-License-Identifier: Apache-2.0 */
/* What a program creates before its first result: pipelines, once each. */
#include <criterion/criterion.h>
#include <string.h>

#include "api/device.h"
#include "tuff.h"

TestSuite(api_startup, .timeout = 300);

enum { TEXTS = 40, MOST_WORDS = 120, MOST_PIPELINES = 25 };

static void embed_all(tuff_model *model) {
    static char words[2 * MOST_WORDS];
    static float vectors[TEXTS * 1024];
    tuff_model_info info;
    tuff_text texts[TEXTS];
    tuff_model_get_info(model, &info);
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = i % 2 ? ' ' : 'a';
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = (tuff_text){ words, 1 + 2 * (i * MOST_WORDS / TEXTS) };
    cr_assert(info.embedding_size <= 1024);
    for (size_t count = 1; count <= TEXTS; count += 13)
        cr_assert_eq(tuff_embed(model, texts + TEXTS - count, count, NULL, vectors, NULL), TUFF_OK, "%s",
                     tuff_error_message());
}

/* Whatever batches come, one model with one type uses few, and none before it runs. */
Test(api_startup, a_model_uses_few_pipelines) {
    for (int dtype = TUFF_F32; dtype <= TUFF_F16; dtype++) {
        tuff_context *context = test_context();
        tuff_model_options options = TUFF_MODEL_OPTIONS;
        tuff_model *model = NULL;
        options.dtype = (tuff_dtype)dtype;
        cr_assert_eq(
            tuff_model_open(context, TUFF_SOURCE_DIR "/tests/data/models/small-classes", &options, &model),
            TUFF_OK, "%s", tuff_error_message());
        cr_expect_eq(tuff_context_pipeline_count(context), 0);
        embed_all(model);
        cr_expect(tuff_context_pipeline_count(context) <= MOST_PIPELINES, "%zu pipelines for %s",
                  tuff_context_pipeline_count(context), dtype == TUFF_F16 ? "f16" : "f32");
        tuff_model_close(model);
        test_context_close(context);
    }
}
