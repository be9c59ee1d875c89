// SPDX-License-Identifier: Apache-2.0
// numbers[i] += 1: the pass that the example's host program runs each frame.
#version 450
layout(local_size_x = 64) in;
layout(binding = 0) buffer Numbers { uint numbers[]; };

void main() {
    numbers[gl_GlobalInvocationID.x] += 1;
}
