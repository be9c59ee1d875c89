/* SPDX-License-Identifier: Apache-2.0 */
/* Prints measurements: a Markdown table for each model, op or limit, or JSON Lines. */
#ifndef TUFF_BENCH_TABLE_H
#define TUFF_BENCH_TABLE_H

#include "output.h"

#include "tuff.h"

struct bench_table {
    struct output *output;
    bool is_json;
    tuff_device_info device;
    tuff_peak peak; /* what each figure is a share of */
    char *heading;  /* of the table that is being printed; NULL: none */
};

/* The device's own limits, as rows or as a table. */
void bench_table_peak(struct bench_table *table);
void bench_table_row(struct bench_table *table, const tuff_bench_row *row);
void bench_table_free(struct bench_table *table);

#endif
