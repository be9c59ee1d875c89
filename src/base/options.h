/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of options as callers hand them in: they begin with their size, so that those of an older header are shorter. */
#ifndef TUFF_BASE_OPTIONS_H
#define TUFF_BASE_OPTIONS_H

#include <stddef.h>

/* Copies what the caller's struct has of ours over the defaults in `to`. NULL leaves them as they are. */
void tuff_options_copy(void *to, size_t size, const void *from);

#endif
