/* SPDX-License-Identifier: Apache-2.0 */
/* A context and a model opened from the common options, messages on stderr, and Ctrl-C: the first one cancels
 * the running call through the progress callback, so that the command ends in order with exit code 130; a
 * second one ends the process at once. */
#ifndef TUFF_SESSION_H
#define TUFF_SESSION_H

#include "commands.h"
#include "options.h"

#include "tuff.h"

struct session {
    const struct common_options *common;
    tuff_context *context;
    tuff_model *model; /* NULL where common->model is */
};

/* Opens the device, then the model where common->model is set. `common` must outlive the session. Returns
 * EXIT_SUCCESS, or another code after a sentence; then nothing is open. */
int session_open(struct session *session, const struct common_options *common);

/* Prints the profile where it was asked for, and closes. */
void session_close(struct session *session);

/* From now on the command asks session_is_interrupted, or gives session_progress to what it calls. */
void session_watch_interrupt(void);
bool session_is_interrupted(void);

/* For the progress fields of the library's options: `user` is a size_t that is added to `done` (what earlier
 * windows finished), or NULL. */
bool session_progress(void *user, size_t done, size_t total);

/* Says the library's message for a call that failed; returns the exit code. Ctrl-C is not said. */
int session_fail(tuff_status status);

#endif
