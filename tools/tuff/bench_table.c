/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_table.h"
#include "memory.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---------------------------------------------------------------- JSON */

static void print_pair(struct output *output, const char *key, const char *text) {
    output_print(output, "\"%s\":", key);
    output_json_string(output, text, strlen(text));
    output_text(output, ",");
}

static void print_number(struct output *output, const char *key, double number) {
    output_print(output, "\"%s\":", key);
    output_float(output, (float)number);
    output_text(output, ",");
}

static void print_json(struct bench_table *table, const tuff_bench_row *row) {
    struct output *output = table->output;
    bool is_model = strcmp(row->workload, "op") != 0 && strcmp(row->workload, "limit") != 0;
    char when[32];
    time_t now = time(NULL);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    output_text(output, "{");
    print_pair(output, "device", table->device.name);
    print_pair(output, "driver", table->device.driver);
    print_pair(output, "version", tuff_version());
    print_pair(output, is_model ? "model" : "op", row->name);
    print_pair(output, "workload", row->workload);
    print_pair(output, "shape", row->shape);
    print_pair(output, "dtype", row->dtype);
    print_pair(output, "variant", row->variant);
    output_print(output, "\"repeats\":%u,", row->repeats);
    print_number(output, "ms_median", row->ms_median);
    print_number(output, "ms_p95", row->ms_p95);
    print_number(output, "cpu_ms", row->cpu_ms);
    print_number(output, "gflops", row->gflops);
    print_number(output, "gbytes_per_s", row->gbytes_per_s);
    print_number(output, "tokens_per_second", row->tokens_per_second);
    print_number(output, "sentences_per_second", row->sentences_per_second);
    if (row->error < 0)
        output_text(output, "\"error\":null,");
    else
        print_number(output, "error", row->error);
    output_print(output, "\"time\":\"%s\"}\n", when);
}

/* ---------------------------------------------------------------- tables */

/* A number with about four digits, in `width` columns; nothing where it does not apply. */
static void print_cell(struct output *output, int width, double number) {
    if (number == 0)
        output_print(output, " %*s |", width, "");
    else
        output_print(output, " %*.*f |", width, number < 10 ? 3 : number < 1000 ? 1 : 0, number);
}

static void print_error(struct output *output, double error) {
    if (error < 0)
        output_print(output, " %7s |", "");
    else
        output_print(output, " %7.1e |", error);
}

static const char *short_name(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash && slash[1] ? slash + 1 : name;
}

/* A heading and the columns' names, where another thing is measured than before. */
static void begin_table(struct bench_table *table, const tuff_bench_row *row) {
    char *heading = print_text("%s, %s", short_name(row->name), row->dtype);
    if (table->heading && strcmp(table->heading, heading) == 0) {
        free(heading);
        return;
    }
    output_print(table->output, "%s%s on %s\n\n", table->heading ? "\n" : "", heading, table->device.name);
    free(table->heading);
    table->heading = heading;
    output_text(table->output,
                "| shape   |       ms |      p95 | sent./s | tokens/s | GFLOP/s |   error |\n"
                "|---------|---------:|---------:|--------:|---------:|--------:|--------:|\n");
}

static void print_readable(struct bench_table *table, const tuff_bench_row *row) {
    begin_table(table, row);
    output_print(table->output, "| %-7s |", row->shape);
    print_cell(table->output, 8, row->ms_median);
    print_cell(table->output, 8, row->ms_p95);
    print_cell(table->output, 7, row->sentences_per_second);
    print_cell(table->output, 8, row->tokens_per_second);
    print_cell(table->output, 7, row->gflops);
    print_error(table->output, row->error);
    output_text(table->output, "\n");
}

void bench_table_row(struct bench_table *table, const tuff_bench_row *row) {
    progress_wipe();
    if (table->is_json)
        print_json(table, row);
    else
        print_readable(table, row);
    output_flush(table->output);
}

void bench_table_free(struct bench_table *table) {
    free(table->heading);
}
