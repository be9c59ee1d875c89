/* SPDX-License-Identifier: Apache-2.0 */
#include "support/shader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "support/folder.h"

struct tuff_kernel_variant test_shader(const char *name, const char *source) {
    char folder[TEST_PATH_SIZE];
    char command[4 * TEST_PATH_SIZE];
    char *code = NULL;
    size_t size = 0;
    test_folder_make(folder);
    test_write(folder, "test.comp", source);
    snprintf(command, sizeof command, "%s --quiet -V --target-env vulkan1.1 -o %s/test.spv %s/test.comp",
             TUFF_GLSLANG, folder, folder);
    cr_assert_eq(system(command), 0, "%s: glslang failed", name);
    cr_assert_eq(tuff_file_read(test_path(folder, "test.spv"), 1 << 20, &code, &size), TUFF_OK, "%s",
                 tuff_error_message());
    test_folder_remove(folder);
    return (struct tuff_kernel_variant){ .name = name,
                                         .code = (const uint32_t *)(const void *)code,
                                         .code_size = size };
}
