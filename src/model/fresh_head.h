/* SPDX-License-Identifier: Apache-2.0 */
/* Gives an opened folder the one head that a task trains: its own where it fits, else new weights that no file
 * has. Other heads are left out, as transformers leaves them out when it loads a model for a task. */
#ifndef TUFF_MODEL_FRESH_HEAD_H
#define TUFF_MODEL_FRESH_HEAD_H

#include "model/folder.h"

struct tuff_fresh_head {
    enum tuff_head head;            /* a classifier or the one for answers; 0: none, the encoder alone */
    enum tuff_problem_type problem; /* of sequence classification */
    const char *const *labels;      /* one for each output; NULL: what the config has */
    uint32_t label_count;           /* not read for choices and answers */
    bool replaces;                  /* also a head that would fit */
    bool is_zero;                   /* weights of zeros instead of normal ones of deviation 0.02 */
    uint64_t seed;
};

/* Whether the folder's own head serves the task; its labels are then the task's. */
bool tuff_folder_has_head(const struct tuff_folder *folder, const struct tuff_fresh_head *fresh);

/* Changes config and parameters; a missing pooler that the head needs is new and random in any case, since one of
 * zeros could never learn. */
tuff_status tuff_folder_set_head(struct tuff_folder *folder, const struct tuff_fresh_head *fresh);

#endif
