// SPDX-License-Identifier: Apache-2.0
// Kernels that work on a (rows, cols) tensor element by element: an invocation takes a group of four columns of a row.
// The grid is (groups / workgroup_size rounded up, rows), the rows perhaps over two dimensions; it may run past both ends.
#ifndef TUFF_ELEMENTS_GLSL
#define TUFF_ELEMENTS_GLSL

#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

uint element_row() { return workgroup_in_plane(); }
uint element_group() { return gl_WorkGroupID.x * workgroup_size + gl_LocalInvocationIndex; }

#endif
