/* SPDX-License-Identifier: Apache-2.0 */
#include "base/options.h"

#include <string.h>

void tuff_options_copy(void *to, size_t size, const void *from) {
    size_t given = 0;
    if (!from)
        return;
    memcpy(&given, from, sizeof given);
    memcpy(to, from, given < size ? given : size);
    memcpy(to, &size, sizeof size);
}
