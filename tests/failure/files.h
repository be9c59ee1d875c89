/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the library to the system that can be made to fail: the linker leads them here (--wrap). */
#ifndef TUFF_TESTS_FAILURE_FILES_H
#define TUFF_TESTS_FAILURE_FILES_H

#include <stdint.h>

enum file_call {
    CALL_OPEN,
    CALL_FSTAT,
    CALL_MMAP,
    CALL_READ,
    CALL_WRITE,
    CALL_FSYNC,
    CALL_CLOSE,
    CALL_RENAME,
    CALL_MKDIR
};

/* Beside an errno: the call does one byte of its work. */
enum { SHORT_COUNT = -1 };

struct file_fault {
    enum file_call call;
    uint64_t at; /* from 1; 0: nothing fails */
    int error;   /* errno, 0 for an end of file, or SHORT_COUNT */
    uint64_t calls;
    uint64_t failures;
};

extern struct file_fault file_fault;

#endif
