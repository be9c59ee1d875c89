/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of drivers that no feature tells. */
#ifndef TUFF_OPS_DRIVER_H
#define TUFF_OPS_DRIVER_H

#include <stdbool.h>

#include "vk/device.h"

/* VkPhysicalDeviceProperties.vendorID */
enum tuff_vendor {
    TUFF_VENDOR_AMD = 0x1002,
    TUFF_VENDOR_NVIDIA = 0x10de,
    TUFF_VENDOR_ARM = 0x13b5,
    TUFF_VENDOR_QUALCOMM = 0x5143,
    TUFF_VENDOR_INTEL = 0x8086,
    TUFF_VENDOR_MESA = 0x10005,
};

/* Mesa's driver for CPUs, of any release. It compiles kernels of thousands of instructions in milliseconds,
 * where SwiftShader did not finish in the time it was given. */
bool tuff_driver_is_lavapipe(const struct tuff_device *device);

/* Whether a CPU driver loads once what is the same for all invocations. Mesa's does so at least since its
 * releases carry their number; before, each invocation loads for itself, and kernels that read much of what
 * is uniform through addresses are the slower ones (seen with 22.3: by 2.4). */
bool tuff_driver_has_scalar_loads(const struct tuff_device *device);

/* Whether cooperative matrices are quicker than plain kernels. A CPU only imitates them. AMD's have an instruction since
 * RDNA3, which is also the first with dot products of mixed signs; some of its drivers list shapes on older chips. NVIDIA
 * lists them from Turing on, where they are quick. Intel's gain since Xe2 (llama.cpp's users: 0.0007 to 20 times the
 * speed before), but its compiler in Mesa 25.0 has no room for blocks of ours that would. On others nobody has shown a
 * gain. */
bool tuff_driver_has_fast_matrices(const struct tuff_device *device);

/* Whether sums over subgroups serve. Mesa's driver for Mali (25.0) takes some hundred instructions for each, and its time to
 * compile a kernel multiplies with each: eight take it minutes. */
bool tuff_driver_has_subgroup_sums(const struct tuff_device *device);

/* Whether a driver that lists cooperative matrices has them. Mesa's for CPUs (26.1) crashes while it makes a pipeline
 * where its subgroups are not the 8 that its matrices are made for. */
bool tuff_driver_runs_matrices(const struct tuff_device *device);

#endif
