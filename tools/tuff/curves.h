/* SPDX-License-Identifier: Apache-2.0 */
/* The curves of a metrics.jsonl: each number of its records over the records' "step". Objects inside are
 * flattened:
 * {"step":1,"dev":{"f1":0.5}} gives a point of "dev.f1". */
#ifndef TUFF_CURVES_H
#define TUFF_CURVES_H

#include <stdbool.h>
#include <stddef.h>

struct point {
    double x, y;
};

struct curve {
    char *name;
    struct point *points;
    size_t count, capacity;
};

struct curves {
    struct curve *items; /* in the order of their first points */
    size_t count, capacity;
};

/* False after a sentence on stderr. A last line that was cut off is passed over. */
bool curves_read(const char *path, struct curves *out_curves);
void curves_free(struct curves *curves);

#endif
