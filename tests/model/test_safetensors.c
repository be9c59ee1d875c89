/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "model/safetensors.h"
#include "support/folder.h"

/* A file of this header, with `data_size` bytes behind it that count up from 0. `length` 0: the header's own.
 */
static const char *write_file(const char *folder, const char *header, size_t header_size, uint64_t length,
                              size_t data_size) {
    static unsigned char bytes[65536];
    const uint64_t stated = length ? length : header_size;
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(stated >> 8 * i);
    memcpy(bytes + 8, header, header_size);
    for (size_t i = 0; i < data_size; i++)
        bytes[8 + header_size + i] = (unsigned char)i;
    test_write_bytes(folder, "model.safetensors", bytes, 8 + header_size + data_size);
    return test_path(folder, "model.safetensors");
}

static tuff_status open_header(const char *folder, const char *header, size_t data_size) {
    struct tuff_safetensors *file = NULL;
    const tuff_status status =
        tuff_safetensors_open(write_file(folder, header, strlen(header), 0, data_size), &file);
    tuff_safetensors_close(file);
    return status;
}

#define A "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}"

Test(model_safetensors, what_the_format_allows_is_read) {
    static const struct {
        const char *header;
        size_t data_size;
    } rows[] = {
        { "{}", 0 },
        { "{" A "}", 8 },
        { "{" A "}      ", 8 },
        { "{\"__metadata__\":{\"format\":\"pt\"}," A "}", 8 },
        { "{\"__metadata__\":{}," A "}", 8 },
        { "{\"s\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8 },
        { "{\"e\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[8,8]}," A "}", 8 },
        { "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}," A "}", 11 },
        { "{" A ",\"\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[8,9]}}", 9 },
        { "{" A ",\"four\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[8,10],\"more\":1}}", 10 },
        { "{" A ",\"r\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1],\"data_offsets\":[8,9]}}", 9 },
    };
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(open_header(folder, rows[i].header, rows[i].data_size), TUFF_OK, "%s: %s",
                     rows[i].header, tuff_error_message());
    test_folder_remove(folder);
}

Test(model_safetensors, what_the_format_forbids_is_refused) {
    static const struct {
        const char *header;
        size_t data_size;
        const char *mentions;
    } rows[] = {
        { "", 0, "begin with {" },
        { " {}", 0, "begin with {" },
        { "\xef\xbb\xbf{}", 0, "begin with {" },
        { "[]", 0, "begin with {" },
        { "{", 0, "line 1" },
        { "{}x", 0, "line 1" },
        { "{}\n\v", 0, "line 2" },
        { "{\"a\":1}", 0, "a: expected an object" },
        { "{\"a\":{}}", 0, "a.dtype: is missing" },
        { "{\"a\":{\"dtype\":1,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "a.dtype: expected a string" },
        { "{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "F31" },
        { "{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "f32" },
        { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "a.shape: is missing" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,8]}}", 8, "a.shape: is null" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}", 8, "a.shape: expected an array" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "a.shape[0]: is negative" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8,
          "a.shape[0]: expected an integer" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2e0],\"data_offsets\":[0,8]}}", 8, "a.shape[0]" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1e999],\"data_offsets\":[0,8]}}", 8, "line 1" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", 8,
          "a.shape[0]" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[true],\"data_offsets\":[0,8]}}", 8, "a.shape[0]" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", 8,
          "overflows" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,8]}}", 8,
          "a: shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8,
          "does not give the 8 bytes" },
        { "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8,
          "does not give the 8 bytes" },
        { "{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1, "a: shape" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "two numbers" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "two numbers" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "before its start" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "negative" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "ends at byte 8" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "follow the last tensor" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16, "holes" },
        { "{}", 1, "follow the last tensor" },
        { "{" A "," A "}", 8, "the key a stands there twice" },
        { "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "overlap" },
        { "{" A ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "overlap" },
        { "{" A ",\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,4]}}", 8, "overlap" },
        { "{\"__metadata__\":[]," A "}", 8, "__metadata__" },
        { "{\"__metadata__\":{\"n\":1}," A "}", 8, "__metadata__.n" },
        { "{\"\xff\":{}}", 0, "0xff" },
        { "{\"a\\u0000b\":{}}", 0, "NUL" },
    };
    char folder[TEST_PATH_SIZE];
    test_folder_make(folder);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(open_header(folder, rows[i].header, rows[i].data_size), TUFF_FORMAT, "%s",
                     rows[i].header);
        cr_expect(strstr(tuff_error_message(), rows[i].mentions), "%s: %s", rows[i].header,
                  tuff_error_message());
        cr_expect(strstr(tuff_error_message(), "model.safetensors"), "%s", tuff_error_message());
    }
    test_folder_remove(folder);
}

Test(model_safetensors, impossible_header_lengths_are_refused) {
    static const uint64_t lengths[] = {
        3, 1 << 20, 100000001, UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - 7
    };
    char folder[TEST_PATH_SIZE];
    struct tuff_safetensors *file = NULL;
    test_folder_make(folder);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        cr_expect_eq(tuff_safetensors_open(write_file(folder, "{}", 2, lengths[i], 0), &file), TUFF_FORMAT);
    for (size_t size = 0; size < 8; size++) {
        test_write_bytes(folder, "model.safetensors", "\0\0\0\0\0\0\0", size);
        cr_expect_eq(tuff_safetensors_open(test_path(folder, "model.safetensors"), &file), TUFF_FORMAT);
    }
    test_write(folder, "model.safetensors",
               "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
    cr_expect_eq(tuff_safetensors_open(test_path(folder, "model.safetensors"), &file), TUFF_FORMAT);
    cr_expect(strstr(tuff_error_message(), "git lfs pull"));
    cr_expect_eq(tuff_safetensors_open(folder, &file), TUFF_IO, "a folder is no file");
    cr_expect_eq(tuff_safetensors_open(test_path(folder, "absent"), &file), TUFF_IO);
    cr_expect_null(file);
    test_folder_remove(folder);
}

/* One tensor of `count` elements of this type and data. */
static struct tuff_safetensors *open_tensor(const char *folder, const char *type, size_t count,
                                            const void *data, size_t size) {
    char header[256];
    unsigned char bytes[1024];
    struct tuff_safetensors *file = NULL;
    const int length =
        snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}",
                 type, count, size);
    memset(bytes, 0, 8);
    bytes[0] = (unsigned char)length;
    memcpy(bytes + 8, header, (size_t)length);
    memcpy(bytes + 8 + length, data, size);
    test_write_bytes(folder, "x.safetensors", bytes, 8 + (size_t)length + size);
    cr_assert_eq(tuff_safetensors_open(test_path(folder, "x.safetensors"), &file), TUFF_OK, "%s",
                 tuff_error_message());
    return file;
}

Test(model_safetensors, elements_become_floats) {
    char folder[TEST_PATH_SIZE];
    float out[3];
    test_folder_make(folder);
    const struct {
        const char *type;
        const void *data;
        size_t size;
    } rows[] = {
        { "F32", (float[]){ 1.5f, -2.0f, 0.25f }, 12 },
        { "F64", (double[]){ 1.5, -2.0, 0.25 }, 24 },
        { "F16", (uint16_t[]){ 0x3e00, 0xc000, 0x3400 }, 6 },
        { "BF16", (uint16_t[]){ 0x3fc0, 0xc000, 0x3e80 }, 6 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tuff_safetensors *file = open_tensor(folder, rows[i].type, 3, rows[i].data, rows[i].size);
        cr_assert_eq(tuff_view_read_f32(&file->views[0], 0, 3, out), TUFF_OK);
        cr_expect(out[0] == 1.5f && out[1] == -2.0f && out[2] == 0.25f, "%s", rows[i].type);
        cr_assert_eq(tuff_view_read_f32(&file->views[0], 2, 1, out), TUFF_OK);
        cr_expect(out[0] == 0.25f, "%s", rows[i].type);
        cr_expect_eq(tuff_view_read_f32(&file->views[0], 2, 2, out), TUFF_ARGUMENT);
        cr_expect_eq(tuff_view_read_f32(&file->views[0], 4, 0, out), TUFF_ARGUMENT);
        cr_expect_eq(tuff_view_read_f32(&file->views[0], SIZE_MAX, 2, out), TUFF_ARGUMENT);
        tuff_safetensors_close(file);
    }
    test_folder_remove(folder);
}

Test(model_safetensors, what_is_no_number_is_refused) {
    char folder[TEST_PATH_SIZE];
    float out[2];
    test_folder_make(folder);
    struct tuff_safetensors *file = open_tensor(folder, "F32", 2, (float[]){ 0, NAN }, 8);
    cr_expect_eq(tuff_view_read_f32(&file->views[0], 0, 2, out), TUFF_FORMAT);
    cr_expect(strstr(tuff_error_message(), "x: element 1"), "%s", tuff_error_message());
    tuff_safetensors_close(file);
    file = open_tensor(folder, "F16", 2, (uint16_t[]){ 0x7c00, 0 }, 4);
    cr_expect_eq(tuff_view_read_f32(&file->views[0], 0, 2, out), TUFF_FORMAT);
    tuff_safetensors_close(file);
    file = open_tensor(folder, "F64", 1, (double[]){ 1e300 }, 8);
    cr_expect_eq(tuff_view_read_f32(&file->views[0], 0, 1, out), TUFF_FORMAT);
    tuff_safetensors_close(file);
    file = open_tensor(folder, "I32", 1, (int32_t[]){ 1 }, 4);
    cr_expect_eq(tuff_view_read_f32(&file->views[0], 0, 1, out), TUFF_UNSUPPORTED);
    tuff_safetensors_close(file);
    test_folder_remove(folder);
}

Test(model_safetensors, arrays_of_halves_equal_single_ones) {
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const uint16_t half = (uint16_t)bits;
        float array[2] = { 0, 0 };
        const float single[2] = { tuff_half_to_float(half), tuff_bfloat16_to_float(half) };
        tuff_halves_to_floats(&half, 1, &array[0]);
        tuff_bfloat16s_to_floats(&half, 1, &array[1]);
        cr_assert_eq(memcmp(array, single, sizeof array), 0, "%04x", half);
    }
}
