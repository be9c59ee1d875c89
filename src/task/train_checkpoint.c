/* SPDX-License-Identifier: Apache-2.0 */
/* A trainer's own checkpoints. They stand for no file of features, so only model, seed and steps must agree. */
#include <string.h>

#include "base/memory.h"
#include "task/checkpoint.h"

static struct tuff_checkpoint place_of(const struct tuff_trainer *trainer) {
    const uint64_t total = trainer->rate.total_steps;
    return (struct tuff_checkpoint){ .total_steps = total ? total : INT64_MAX };
}

/* Remembers the file for tuff_context_reopen. */
static tuff_status remember(struct tuff_trainer *trainer, const char *path) {
    char *copy = NULL;
    TUFF_TRY(tuff_copy_text(path, strlen(path), &copy));
    tuff_free(trainer->checkpoint);
    trainer->checkpoint = copy;
    return TUFF_OK;
}

tuff_status tuff_train_checkpoint(struct tuff_trainer *trainer, const char *path) {
    const struct tuff_checkpoint place = place_of(trainer);
    TUFF_TRY(tuff_checkpoint_save(trainer, &place, path));
    return remember(trainer, path);
}

tuff_status tuff_train_restore(struct tuff_trainer *trainer, const char *path) {
    struct tuff_checkpoint place = place_of(trainer);
    return tuff_checkpoint_load(trainer, &place, path);
}

tuff_status tuff_train_resume(struct tuff_trainer *trainer, const char *path) {
    TUFF_TRY(tuff_train_restore(trainer, path));
    return remember(trainer, path);
}
