/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file of any bytes is refused, or every element of it can be read. */
#include "fuzz.h"
#include "model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tuff_safetensors *file = NULL;
    if (tuff_safetensors_open(fuzz_file("model.safetensors", data, size), &file) != TUFF_OK)
        return 0;
    for (size_t i = 0; i < file->count; i++) {
        const struct tuff_tensor_view *view = &file->views[i];
        float values[64];
        for (size_t at = 0; tuff_view_has_floats(view) && at < view->count; at += 64) {
            size_t left = view->count - at;
            if (tuff_view_read_f32(view, at, left < 64 ? left : 64, values) != TUFF_OK)
                break;
        }
        tuff_view_release(view);
    }
    tuff_safetensors_close(file);
    return 0;
}
