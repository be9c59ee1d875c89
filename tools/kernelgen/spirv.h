/* SPDX-License-Identifier: Apache-2.0 */
/* What kernelgen reads out of one SPIR-V module: the interface that its shader declares, and what it needs.
 */
#ifndef TUFF_KERNELGEN_SPIRV_H
#define TUFF_KERNELGEN_SPIRV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vk/kernel.h"

enum { NAME_SIZE = 64, MAX_FIELDS = TUFF_MAX_PUSH_SIZE / 4 };

enum field_type { FIELD_UINT, FIELD_INT, FIELD_FLOAT, FIELD_BOOL };

/* A push constant or a specialization constant. */
struct field {
    char name[NAME_SIZE];
    enum field_type type;
    uint32_t id;            /* constant_id; of a push constant its offset */
    uint32_t default_value; /* raw bits; of a push constant 0 */
};

struct binding {
    char name[NAME_SIZE]; /* empty: this number is not used */
    bool is_read;
    bool is_written;
};

struct interface {
    uint32_t binding_count;
    struct binding bindings[TUFF_MAX_BINDINGS];
    uint32_t push_count;
    struct field pushes[MAX_FIELDS];
    uint32_t spec_count;
    struct field specs[TUFF_MAX_SPECS]; /* in order of their ids */
    int local_size_specs[3];            /* index into specs, -1: local_size */
    uint32_t local_size[3];
};

struct module {
    struct interface interface;
    uint32_t needs;  /* of enum tuff_need */
    uint32_t *words; /* without debug names; freed by nobody: the program is short */
    size_t word_count;
};

/* Ends the program with a sentence where the file cannot be read or declares what a kernel must not. */
void module_read(const char *path, struct module *module);

/* NULL where they are equal, else a few words about the first difference. Valid until the next call. */
const char *interface_difference(const struct interface *a, const struct interface *b);

/* Prints "kernelgen: " and the sentence, and ends the program with 1. */
#ifdef __GNUC__
__attribute__((format(printf, 1, 2), noreturn))
#endif
void die(const char *format, ...);

#endif
