/* SPDX-License-Identifier: Apache-2.0 */
/* A program with a volk of its own: it must not meet the library's. */
#include <stdio.h>
#include <string.h>

#define VOLK_IMPLEMENTATION
#include <volk.h>

#include <tuff.h>

int main(void) {
    printf("tuff %s\n", tuff_version());
    if (vkCreateInstance != NULL) /* set by nobody but this program's volkInitialize() */
        return 1;
    return strcmp(tuff_status_text(TUFF_OK), "success") != 0;
}
