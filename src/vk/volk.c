/* SPDX-License-Identifier: Apache-2.0 */
/* The loader's code, compiled into the library: its symbols stay inside, apart from a host program's own
 * volk. */
#define VOLK_IMPLEMENTATION
#include <volk.h>
