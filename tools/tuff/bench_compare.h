/* SPDX-License-Identifier: Apache-2.0 */
/* Holds two files of measurements against each other. */
#ifndef TUFF_BENCH_COMPARE_H
#define TUFF_BENCH_COMPARE_H

/* Prints a Markdown table of what both files have (the last row of each kind where there are several) to `out`, NULL being
 * standard output: the times and how many times as fast the second is. Returns the exit code. */
int bench_compare(const char *first, const char *second, const char *out);

#endif
