/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_table.h"
#include "memory.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of the rate of multiply-adds where they are counted, else of the bandwidth. */
static double share_of(const struct bench_table *table, const tuff_bench_row *row) {
    if (row->gflops > 0)
        return row->gflops / table->peak.gflops;
    return row->gbytes_per_s / table->peak.gbytes_per_s;
}

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
    print_number(output, "peak_share", share_of(table, row));
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

static bool is_op(const tuff_bench_row *row) {
    return strcmp(row->workload, "op") == 0;
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
    if (is_op(row))
        output_text(table->output,
                    "| shape         |      ms |     p95 | GFLOP/s |    GB/s |  peak |   error |\n"
                    "|---------------|--------:|--------:|--------:|--------:|------:|--------:|\n");
    else
        output_text(table->output,
                    "| shape   |      ms |     p95 | sent./s | tokens/s | GFLOP/s |  peak |   error |\n"
                    "|---------|--------:|--------:|--------:|---------:|--------:|------:|--------:|\n");
}

static void print_readable(struct bench_table *table, const tuff_bench_row *row) {
    begin_table(table, row);
    bool is_pass = strcmp(row->workload, "training") == 0 || strcmp(row->workload, "loss") == 0;
    output_print(table->output, is_op(row) ? "| %-13s |" : "| %-7s |", row->shape);
    print_cell(table->output, 7, row->ms_median);
    print_cell(table->output, 7, row->ms_p95);
    if (!is_op(row)) {
        print_cell(table->output, 7, row->sentences_per_second);
        print_cell(table->output, 8, row->tokens_per_second);
    }
    print_cell(table->output, 7, row->gflops);
    if (is_op(row))
        print_cell(table->output, 7, row->gbytes_per_s);
    output_print(table->output, " %4.1f%% |", 100 * share_of(table, row));
    print_error(table->output, row->error);
    output_print(table->output, "%s%s\n", is_pass ? " " : "", is_pass ? row->workload : "");
}

void bench_table_peak(struct bench_table *table) {
    const tuff_peak *peak = &table->peak;
    const tuff_bench_row rows[] = {
        { .name = "multiply_add", .gflops = peak->gflops },
        { .name = "copy", .gbytes_per_s = peak->gbytes_per_s },
        { .name = "dispatch", .ms_median = peak->dispatch_us / 1e3 },
    };
    for (size_t i = 0; i < COUNT(rows) && table->is_json; i++) {
        tuff_bench_row row = rows[i];
        row.workload = "limit";
        row.shape = row.variant = "";
        row.dtype = "f32";
        row.error = -1;
        print_json(table, &row);
    }
    if (table->is_json)
        return;
    output_print(table->output,
                 "limits of %s\n\n"
                 "| limit                |     value |\n"
                 "|----------------------|----------:|\n"
                 "| multiply-adds, f32   | %9.1f | GFLOP/s\n"
                 "| copy                 | %9.1f | GB/s\n"
                 "| dispatch and barrier | %9.1f | microseconds\n",
                 table->device.name, peak->gflops, peak->gbytes_per_s, peak->dispatch_us);
    output_flush(table->output);
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
