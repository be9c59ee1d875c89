/* SPDX-License-Identifier: Apache-2.0 */
/* What the folders that a trainer writes have in common, whole models and adapters. */
#ifndef TUFF_TASK_EXPORT_H
#define TUFF_TASK_EXPORT_H

#include "model/arrays.h"
#include "task/trainer.h"

enum { TUFF_EXPORT_NAME_SIZE = 192 };

/* The parameter's name in transformers' class for the model's head; may lie in `buffer`. */
const char *tuff_export_name(const struct tuff_trainer *trainer, const struct tuff_parameter *parameter,
                             char buffer[TUFF_EXPORT_NAME_SIZE]);
/* Makes the folder and copies the tokenizer's files. */
tuff_status tuff_export_begin(const struct tuff_trainer *trainer, const char *folder);
/* Adds the parameter as the model computes with it. */
tuff_status tuff_export_add(const struct tuff_trainer *trainer, const struct tuff_parameter *parameter,
                            const char *name, struct tuff_arrays *arrays);
/* Replaces the folder's file by what `collect` adds. */
tuff_status tuff_export_arrays(const struct tuff_trainer *trainer, const char *folder, const char *file,
                               tuff_status (*collect)(const struct tuff_trainer *trainer,
                                                      struct tuff_arrays *arrays));

#endif
