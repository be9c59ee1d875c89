/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over the module: no instruction grows, so that the result has room in a copy's size. Decorations come before
 * the constants that they number, and constants before those computed of them. */
#include "vk/specialize.h"

#include <string.h>

#include "base/memory.h"

/* The numbers of the SPIR-V specification that matter here. */
enum {
    OP_CONSTANT_TRUE = 41,
    OP_CONSTANT_FALSE = 42,
    OP_CONSTANT = 43,
    OP_CONSTANT_COMPOSITE = 44,
    OP_SPEC_CONSTANT_TRUE = 48,
    OP_SPEC_CONSTANT_FALSE = 49,
    OP_SPEC_CONSTANT = 50,
    OP_SPEC_CONSTANT_COMPOSITE = 51,
    OP_SPEC_CONSTANT_OP = 52,
    OP_DECORATE = 71,
    OP_I_ADD = 128,
    OP_I_SUB = 130,
    OP_I_MUL = 132,
    OP_U_DIV = 134,
    OP_U_MOD = 137,
    OP_SELECT = 169,
    OP_I_EQUAL = 170,
    OP_I_NOT_EQUAL = 171,
    OP_U_GREATER_THAN = 172,
    OP_U_GREATER_THAN_EQUAL = 174,
    OP_U_LESS_THAN = 176,
    OP_U_LESS_THAN_EQUAL = 178,

    DECORATION_SPEC_ID = 1,
    HEADER_WORDS = 5,
    BOUND = 3, /* the word that holds it */
};

/* What is known of a result id. */
struct id {
    uint32_t value; /* 0 or 1 of a truth */
    uint32_t spec;  /* index into the kernel's constants, and one; 0: none */
    bool is_known;
};

struct walk {
    const struct tuff_kernel *kernel;
    const uint32_t *specs;
    struct id *ids;
    uint32_t *code; /* what was written so far */
    size_t count;
};

static void emit(struct walk *walk, const uint32_t *words, uint32_t count) {
    memcpy(walk->code + walk->count, words, count * sizeof *words);
    walk->count += count;
}

static uint32_t spec_of(const struct tuff_kernel *kernel, uint32_t constant_id) {
    for (uint32_t i = 0; i < kernel->spec_count; i++)
        if (kernel->spec_ids[i] == constant_id)
            return i + 1;
    return 0;
}

static void emit_truth(struct walk *walk, const uint32_t *words, bool value) {
    emit(walk, (uint32_t[]){ 3u << 16 | (value ? OP_CONSTANT_TRUE : OP_CONSTANT_FALSE), words[1], words[2] },
         3);
    walk->ids[words[2]] = (struct id){ .value = value, .is_known = true };
}

static void emit_number(struct walk *walk, const uint32_t *words, uint32_t value) {
    emit(walk, (uint32_t[]){ 4u << 16 | OP_CONSTANT, words[1], words[2], value }, 4);
    walk->ids[words[2]] = (struct id){ .value = value, .is_known = true };
}

/* The value that the kernel's user sets, or the module's own. */
static uint32_t set_value(const struct walk *walk, uint32_t id, uint32_t otherwise) {
    const uint32_t spec = walk->ids[id].spec;
    return spec ? walk->specs[spec - 1] : otherwise;
}

/* The operations that the shaders' constants are computed with. False: another one. */
static bool compute(uint32_t operation, const uint32_t *v, uint32_t *out_value, bool *out_is_truth) {
    *out_is_truth = operation >= OP_I_EQUAL;
    switch (operation) {
    case OP_I_ADD:
        *out_value = v[0] + v[1];
        return true;
    case OP_I_SUB:
        *out_value = v[0] - v[1];
        return true;
    case OP_I_MUL:
        *out_value = v[0] * v[1];
        return true;
    case OP_U_DIV:
        *out_value = v[1] ? v[0] / v[1] : 0;
        return true;
    case OP_U_MOD:
        *out_value = v[1] ? v[0] % v[1] : 0;
        return true;
    case OP_SELECT:
        *out_value = v[0] ? v[1] : v[2];
        return true;
    case OP_I_EQUAL:
        *out_value = v[0] == v[1];
        return true;
    case OP_I_NOT_EQUAL:
        *out_value = v[0] != v[1];
        return true;
    case OP_U_GREATER_THAN:
        *out_value = v[0] > v[1];
        return true;
    case OP_U_GREATER_THAN_EQUAL:
        *out_value = v[0] >= v[1];
        return true;
    case OP_U_LESS_THAN:
        *out_value = v[0] < v[1];
        return true;
    case OP_U_LESS_THAN_EQUAL:
        *out_value = v[0] <= v[1];
        return true;
    default:
        return false;
    }
}

/* Of constants whose values are known; others stay, which is right but not quick. */
static void emit_computed(struct walk *walk, const uint32_t *words, uint32_t count) {
    enum { FIRST = 4, MOST = 3 };
    uint32_t values[MOST] = { 0 };
    uint32_t value = 0;
    bool is_truth = false;
    bool is_known = count - FIRST <= MOST;
    for (uint32_t i = FIRST; i < count && is_known; i++) {
        is_known = walk->ids[words[i]].is_known;
        values[i - FIRST] = walk->ids[words[i]].value;
    }
    if (!is_known || !compute(words[3], values, &value, &is_truth))
        emit(walk, words, count);
    else if (is_truth)
        emit_truth(walk, words, value != 0);
    else
        emit_number(walk, words, value);
}

static void emit_composite(struct walk *walk, const uint32_t *words, uint32_t count) {
    const size_t first = walk->count;
    emit(walk, words, count);
    walk->code[first] = count << 16 | OP_CONSTANT_COMPOSITE;
}

static void step(struct walk *walk, const uint32_t *words, uint32_t count) {
    enum { PLAIN_NUMBER_WORDS = 4 };
    switch (words[0] & 0xffff) {
    case OP_DECORATE:
        if (words[2] == DECORATION_SPEC_ID)
            walk->ids[words[1]].spec = spec_of(walk->kernel, words[3]);
        else
            emit(walk, words, count);
        break;
    case OP_CONSTANT_TRUE:
    case OP_CONSTANT_FALSE:
        emit_truth(walk, words, (words[0] & 0xffff) == OP_CONSTANT_TRUE);
        break;
    case OP_SPEC_CONSTANT_TRUE:
    case OP_SPEC_CONSTANT_FALSE:
        emit_truth(walk, words, set_value(walk, words[2], (words[0] & 0xffff) == OP_SPEC_CONSTANT_TRUE) != 0);
        break;
    case OP_CONSTANT:
        emit(walk, words, count);
        walk->ids[words[2]] = (struct id){ .value = words[3], .is_known = count == PLAIN_NUMBER_WORDS };
        break;
    case OP_SPEC_CONSTANT:
        emit_number(walk, words, set_value(walk, words[2], words[3]));
        break;
    case OP_SPEC_CONSTANT_COMPOSITE:
        emit_composite(walk, words, count);
        break;
    case OP_SPEC_CONSTANT_OP:
        emit_computed(walk, words, count);
        break;
    default:
        emit(walk, words, count);
    }
}

tuff_status tuff_specialize(const struct tuff_kernel *kernel, uint32_t variant, const uint32_t *specs,
                            uint32_t **out_code, size_t *out_size) {
    const uint32_t *code = kernel->variants[variant].code;
    const size_t word_count = kernel->variants[variant].code_size / sizeof *code;
    struct walk walk = { .kernel = kernel, .specs = specs };
    TUFF_TRY(tuff_alloc(code[BOUND], sizeof *walk.ids, &walk.ids));
    tuff_status status = tuff_alloc(word_count, sizeof *walk.code, &walk.code);
    if (status == TUFF_OK) {
        emit(&walk, code, HEADER_WORDS);
        for (size_t at = HEADER_WORDS; at < word_count; at += code[at] >> 16)
            step(&walk, code + at, code[at] >> 16);
        *out_code = walk.code;
        *out_size = walk.count * sizeof *walk.code;
    }
    tuff_free(walk.ids);
    return status;
}
