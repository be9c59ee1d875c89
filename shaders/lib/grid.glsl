// SPDX-License-Identifier: Apache-2.0
// Workgroups in a line that may be longer than the 65535 of one dimension of a grid: tuff_grid_line in ops/teams.h cuts it
// into rows of 32768, the last of which may run past the end.
#ifndef TUFF_GRID_GLSL
#define TUFF_GRID_GLSL

uint workgroup_in_line() { return gl_WorkGroupID.y * 32768 + gl_WorkGroupID.x; }

// The same where x has a meaning of its own: the line is in y and z (tuff_grid_plane).
uint workgroup_in_plane() { return gl_WorkGroupID.z * 32768 + gl_WorkGroupID.y; }

#endif
