/* SPDX-License-Identifier: Apache-2.0 */
#include "embedding.h"

#include <stdlib.h>

void embedding_start(struct embedding *embedding, struct session *session,
                     const struct embedding_options *options) {
    tuff_model_info info;
    tuff_model_get_info(session->model, &info);
    *embedding = (struct embedding){
        .session = session,
        .options = TUFF_EMBED_OPTIONS,
        .size = info.embedding_size,
    };
    embedding->options.pooling = (tuff_pooling)options->pooling;
    embedding->options.normalize = options->normalize;
    embedding->options.max_length = (uint32_t)options->max_length;
    embedding->options.progress = session_progress;
}

int embedding_run(struct embedding *embedding, const struct window *window) {
    embedding->texts =
        grow(embedding->texts, &embedding->text_capacity, window->count, sizeof(*embedding->texts));
    embedding->vectors =
        grow(embedding->vectors, &embedding->capacity, window->count, embedding->size * sizeof(float));
    for (size_t i = 0; i < window->count; i++)
        embedding->texts[i] = window->records[i].values[0].texts[0];
    tuff_text_report report = { 0 };
    embedding->options.progress_user = &embedding->done;
    tuff_status status = tuff_embed(embedding->session->model, embedding->texts, window->count,
                                    &embedding->options, embedding->vectors, &report);
    if (status != TUFF_OK)
        return session_fail(status);
    embedding->done += window->count;
    embedding->truncated += report.truncated;
    return session_is_interrupted() ? EXIT_INTERRUPTED : EXIT_SUCCESS;
}

void embedding_finish(struct embedding *embedding) {
    if (embedding->truncated > 0 && !embedding->session->common->quiet) {
        tuff_model_info info;
        tuff_model_get_info(embedding->session->model, &info);
        uint32_t max_length = embedding->options.max_length;
        complain("%zu of %zu texts were longer than %u tokens; what was beyond did not count",
                 embedding->truncated, embedding->done, max_length ? max_length : info.max_length);
    }
    free(embedding->texts);
    free(embedding->vectors);
}
