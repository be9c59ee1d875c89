// SPDX-License-Identifier: Apache-2.0
// variants: f32
// Tokens whose ids came to the device by another road than the host's: y[i] = (id, position, type, fault), a row an
// invocation. What the tables have no row for becomes 0 and a fault: the host cannot have looked at it.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(local_size_x_id = 0, local_size_y = 1, local_size_z = 1) in;

layout(binding = 0) readonly buffer Places { ivec4 places[]; }; // (rows, 4): see ops/fetch_tokens.c
layout(binding = 1) readonly buffer Ids { int ids[]; };         // (2 * rows, 1): words, then types
layout(binding = 2) writeonly buffer Y { ivec4 y[]; };          // (rows, 4)
layout(binding = 3) writeonly buffer Words { int words[]; };    // (rows, 1): the ids alone
layout(push_constant) uniform Push
{
    uint rows;
    uint vocab_size;
    uint type_count;
};

void main()
{
    uint row = workgroup_in_line() * workgroup_size + gl_LocalInvocationIndex;
    if (row >= rows)
        return;
    ivec4 place = places[row];
    int id = place.x != 0 ? ids[row] : 0;
    int type = place.z != 0 ? ids[rows + row] : 0;
    bool id_is_wrong = uint(id) >= vocab_size; // a negative one is huge
    bool type_is_wrong = uint(type) >= type_count;
    int word = id_is_wrong ? 0 : id;
    y[row] = ivec4(word, place.y, type_is_wrong ? 0 : type, id_is_wrong ? 1 : type_is_wrong ? 2 : 0);
    words[row] = word;
}
