/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuff runs BERT on any Vulkan device and gives the numbers of Hugging Face's transformers.
 *
 * The order of a program:
 *
 *     tuff_context *context;                       a device, opened once
 *     tuff_model *model;                           a Hugging Face folder, as it is
 *     tuff_context_create(NULL, &context);
 *     tuff_model_open(context, "all-MiniLM-L6-v2", NULL, &model);
 *     tuff_embed(model, texts, count, NULL, vectors, NULL);
 *     tuff_model_close(model);
 *     tuff_context_destroy(context);
 *
 * The parts, each of which can be included alone, in the order in which a program meets them: tuff/base.h, tokenizer.h,
 * context.h, model.h, embed.h, heads.h, job.h, arrays.h, trainer.h, finetune.h, measure.h.
 *
 * Rules that hold everywhere:
 * - What can fail returns a tuff_status; tuff_error_message() has the sentence that belongs to it, kept for
 *   each thread until its next failure. Results leave through the last parameters.
 * - Texts are UTF-8 given as pointer and length; they may hold NUL and need no NUL behind them. Bytes that
 *   are not UTF-8 are read as U+FFFD, one for each maximal wrong part, as Python's errors="replace" does.
 * - Who creates destroys; destroying NULL is fine. A context outlives its models. Memory handed in is not
 *   kept after the call returns, unless stated.
 * - Option structs begin with their size, so that programs built against an older header keep working:
 *   initialise with TUFF_..._OPTIONS. NULL stands for the defaults.
 * - The library never prints, exits or aborts; it has no process-wide state that two users could share.
 */
#ifndef TUFF_H
#define TUFF_H

#include "tuff/arrays.h"
#include "tuff/base.h"
#include "tuff/context.h"
#include "tuff/embed.h"
#include "tuff/finetune.h"
#include "tuff/heads.h"
#include "tuff/job.h"
#include "tuff/measure.h"
#include "tuff/model.h"
#include "tuff/tokenizer.h"
#include "tuff/trainer.h"

#endif
