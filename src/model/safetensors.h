/* SPDX-License-Identifier: Apache-2.0 */
/* One safetensors file: 8 bytes of header length, a JSON header, the tensors' bytes. Reading maps the file
 * and checks every rule of the format before anything is looked at: unique names, known types, shapes that
 * give exactly the bytes of their span, and spans that cover the data without hole or overlap. */
#ifndef TUFF_MODEL_SAFETENSORS_H
#define TUFF_MODEL_SAFETENSORS_H

#include "base/file.h"

/* Every type of the format with its bits and the public type that it is, AUTO where there is none. */
#define TUFF_ELEMENTS(X)                                                                                     \
    X(BOOL, 8, TUFF_DTYPE_AUTO)                                                                              \
    X(F4, 4, TUFF_DTYPE_AUTO)                                                                                \
    X(F6_E2M3, 6, TUFF_DTYPE_AUTO)                                                                           \
    X(F6_E3M2, 6, TUFF_DTYPE_AUTO)                                                                           \
    X(U8, 8, TUFF_DTYPE_AUTO)                                                                                \
    X(I8, 8, TUFF_DTYPE_AUTO)                                                                                \
    X(F8_E5M2, 8, TUFF_DTYPE_AUTO)                                                                           \
    X(F8_E4M3, 8, TUFF_DTYPE_AUTO)                                                                           \
    X(F8_E8M0, 8, TUFF_DTYPE_AUTO)                                                                           \
    X(F8_E4M3FNUZ, 8, TUFF_DTYPE_AUTO)                                                                       \
    X(F8_E5M2FNUZ, 8, TUFF_DTYPE_AUTO)                                                                       \
    X(I16, 16, TUFF_DTYPE_AUTO)                                                                              \
    X(U16, 16, TUFF_DTYPE_AUTO)                                                                              \
    X(F16, 16, TUFF_F16)                                                                                     \
    X(BF16, 16, TUFF_BF16)                                                                                   \
    X(I32, 32, TUFF_I32)                                                                                     \
    X(U32, 32, TUFF_DTYPE_AUTO)                                                                              \
    X(F32, 32, TUFF_F32)                                                                                     \
    X(C64, 64, TUFF_DTYPE_AUTO)                                                                              \
    X(F64, 64, TUFF_F64)                                                                                     \
    X(I64, 64, TUFF_I64)                                                                                     \
    X(U64, 64, TUFF_DTYPE_AUTO)

enum tuff_element {
#define TUFF_ELEMENT_ENUM(name, bits, dtype) TUFF_ELEMENT_##name,
    TUFF_ELEMENTS(TUFF_ELEMENT_ENUM)
#undef TUFF_ELEMENT_ENUM
        TUFF_ELEMENT_COUNT
};

/* The one key of a header that is not a tensor. */
#define TUFF_METADATA_KEY "__metadata__"

struct tuff_safetensors;

/* A tensor in a mapped file. Its data has no alignment. */
struct tuff_tensor_view {
    const struct tuff_safetensors *file; /* NULL: a fresh head's, in memory */
    const char *name;
    enum tuff_element element;
    size_t rank;
    const size_t *shape;
    size_t count; /* elements */
    const unsigned char *data;
    size_t size; /* bytes */
};

struct tuff_safetensors {
    char *path;
    struct tuff_mapping mapping;
    struct tuff_tensor_view *views; /* sorted by name */
    size_t count;
    char *names;
    size_t *shapes;
};

/* TUFF_FORMAT names the file, the tensor and the rule that is broken. */
tuff_status tuff_safetensors_open(const char *path, struct tuff_safetensors **out_file);
void tuff_safetensors_close(struct tuff_safetensors *file);

const char *tuff_element_name(enum tuff_element element);
/* The public type of an element, AUTO where there is none. */
tuff_dtype tuff_element_dtype(enum tuff_element element);
/* The element of a public type; false for AUTO and for numbers that are no type. */
bool tuff_element_of(tuff_dtype dtype, enum tuff_element *out_element);
size_t tuff_element_bits(enum tuff_element element);

enum { TUFF_SHAPE_TEXT_SIZE = 128 };
/* "(600, 64)"; a shape too long for the text ends in "...". Returns `text`. */
const char *tuff_shape_text(const size_t *shape, size_t rank, char text[TUFF_SHAPE_TEXT_SIZE]);

/* F32, F16, BF16 or F64. */
bool tuff_view_has_floats(const struct tuff_tensor_view *view);

/* `count` elements from the `first` on, of F32, F16, BF16 or F64, as floats. TUFF_FORMAT for NaN and
 * infinities, which no weight may be: some devices turn NaN into plausible numbers. TUFF_UNSUPPORTED for
 * other types. */
tuff_status tuff_view_read_f32(const struct tuff_tensor_view *view, size_t first, size_t count,
                               float *out_values);

/* Lets the view's pages leave resident memory; they come back when read again. */
void tuff_view_release(const struct tuff_tensor_view *view);

/* Replaces the file by one with these arrays and the metadata that transformers asks for (format: pt).
 * TUFF_ARGUMENT for a name that is not UTF-8, is reserved or comes twice. */
tuff_status tuff_safetensors_write(const char *path, const struct tuff_array *const *arrays, size_t count);

#endif
