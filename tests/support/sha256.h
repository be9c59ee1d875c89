/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), for oracle cases too long to be written out. */
#ifndef TUFF_TESTS_SUPPORT_SHA256_H
#define TUFF_TESTS_SUPPORT_SHA256_H

#include <stddef.h>

/* 64 hexadecimal digits and a NUL. */
void test_sha256(const void *data, size_t size, char out_digits[65]);

#endif
