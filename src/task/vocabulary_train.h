/* SPDX-License-Identifier: Apache-2.0 */
/* A WordPiece vocabulary from words: first the special tokens, then the characters (alone and, behind "##",
 * as parts that go on a word), then what merging makes. Each step merges the two neighbouring pieces that
 * occur together most often, as Hugging Face's WordPieceTrainer does; of equal counts the pair with the lower
 * ids. */
#ifndef TUFF_TASK_VOCABULARY_TRAIN_H
#define TUFF_TASK_VOCABULARY_TRAIN_H

#include "task/vocabulary.h"
#include "task/word_counts.h"

struct tuff_vocabulary_training {
    uint32_t size;           /* tokens at most */
    uint64_t min_count;      /* pairs that occur less often are not merged; at least 1 */
    uint32_t alphabet_limit; /* characters, the most frequent first; words lose the others */
    tuff_progress_callback progress;
    void *progress_user;
};

/* `counts` must be sorted. `out_vocabulary` is zeroed before; free it also after a failure. TUFF_ARGUMENT
 * where the size does not even hold the characters. */
tuff_status tuff_vocabulary_train(const struct tuff_word_counts *counts,
                                  const struct tuff_vocabulary_training *training,
                                  struct tuff_vocabulary *out_vocabulary);

#endif
