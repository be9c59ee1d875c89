/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a file of predictions, grown in memory and written at once. */
#ifndef TUFF_TASK_PREDICTIONS_H
#define TUFF_TASK_PREDICTIONS_H

#include "base/status.h"

struct tuff_predictions {
    bool is_wanted; /* else nothing is kept */
    char *text;
    size_t length, capacity;
};

tuff_status tuff_predictions_print(struct tuff_predictions *predictions, const char *format, ...)
    TUFF_PRINTF(2, 3);
/* The bytes of a text as they are. */
tuff_status tuff_predictions_write(struct tuff_predictions *predictions, tuff_text text);
/* As a string of JSON. */
tuff_status tuff_predictions_quote(struct tuff_predictions *predictions, tuff_text text);

#endif
