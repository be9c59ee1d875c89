/* SPDX-License-Identifier: Apache-2.0 */
/* Floats as decimal text. An embedding has hundreds of them, so printf's microsecond each would cost more
 * than a GPU takes for the sentence. */
#ifndef TUFF_DECIMAL_H
#define TUFF_DECIMAL_H

#include <stddef.h>

enum { DECIMAL_SIZE = 32 };

/* Writes the shortest decimal number that reads back as the same float, without a NUL, and returns its
 * length. `number` is finite. */
size_t decimal_print(float number, char text[DECIMAL_SIZE]);

#endif
