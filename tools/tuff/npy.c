/* SPDX-License-Identifier: Apache-2.0 */
#include "npy.h"

#include <string.h>

enum { HEADER_SIZE = 128 }; /* a multiple of 64, as the format asks; holds any two 64-bit numbers */

static void make_header(char header[HEADER_SIZE], size_t row_count, size_t column_count) {
    const unsigned one = 1;
    char order = *(const unsigned char *)&one ? '<' : '>';
    char text[HEADER_SIZE];
    int length =
        snprintf(text, sizeof(text), "{'descr': '%cf4', 'fortran_order': False, 'shape': (%zu, %zu), }",
                 order, row_count, column_count);
    memset(header, ' ', HEADER_SIZE);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = HEADER_SIZE - 10; /* what follows, little endian */
    header[9] = 0;
    memcpy(header + 10, text, (size_t)length);
    header[HEADER_SIZE - 1] = '\n';
}

void npy_begin(struct output *output, size_t column_count) {
    char header[HEADER_SIZE];
    make_header(header, 0, column_count);
    output_bytes(output, header, HEADER_SIZE);
}

void npy_finish(struct output *output, size_t row_count, size_t column_count) {
    char header[HEADER_SIZE];
    make_header(header, row_count, column_count);
    output_overwrite(output, 0, header, HEADER_SIZE);
}
