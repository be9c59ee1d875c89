/* SPDX-License-Identifier: Apache-2.0 */
#include "task/predictions.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static tuff_status append(struct tuff_predictions *predictions, const char *text, size_t length) {
    TUFF_TRY(tuff_reserve(&predictions->text, &predictions->capacity, predictions->length + length, 1));
    memcpy(predictions->text + predictions->length, text, length);
    predictions->length += length;
    return TUFF_OK;
}

tuff_status tuff_predictions_print(struct tuff_predictions *predictions, const char *format, ...) {
    char buffer[1024];
    va_list arguments;
    if (!predictions->is_wanted)
        return TUFF_OK;
    va_start(arguments, format);
    int length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof buffer)
        return tuff_fail(TUFF_FORMAT, "a label of more than %zu bytes cannot be written", sizeof buffer);
    return append(predictions, buffer, (size_t)length);
}

tuff_status tuff_predictions_write(struct tuff_predictions *predictions, tuff_text text) {
    return predictions->is_wanted ? append(predictions, text.data, text.length) : TUFF_OK;
}

tuff_status tuff_predictions_quote(struct tuff_predictions *predictions, tuff_text text) {
    TUFF_TRY(tuff_predictions_print(predictions, "\""));
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\')
            TUFF_TRY(tuff_predictions_print(predictions, "\\%c", byte));
        else if (byte < 0x20)
            TUFF_TRY(tuff_predictions_print(predictions, "\\u%04x", byte));
        else
            TUFF_TRY(tuff_predictions_print(predictions, "%c", byte));
    }
    return tuff_predictions_print(predictions, "\"");
}
