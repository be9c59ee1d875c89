/* SPDX-License-Identifier: Apache-2.0 */
/* Under a sanitizer libraries stay loaded: LeakSanitizer looks at the end, and what a driver keeps can be
 * told from what tuff leaks only while the driver's file is known; ThreadSanitizer ends where a library that its
 * suppressions name goes. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
int dlclose(void *handle);

__attribute__((visibility("default"))) int dlclose(void *handle) {
    (void)handle;
    return 0;
}
#endif
