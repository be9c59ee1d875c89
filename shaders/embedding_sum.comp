// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// y = word[id] + position[p] + type[t]: the sum before the layer norm, which training keeps.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/elements.glsl"

layout(binding = 0) readonly buffer Word { elem4 word[]; };         // (vocabulary, cols), in rows or panels
layout(binding = 1) readonly buffer Position { elem4 position[]; }; // (positions, cols)
layout(binding = 2) readonly buffer Type { elem4 type[]; };         // (types, cols)
layout(binding = 3) readonly buffer Tokens { ivec4 tokens[]; };     // (rows, 4): word, position, type, 0
layout(binding = 4) writeonly buffer Y { elem4 y[]; };              // (rows, cols)
layout(push_constant) uniform Push
{
    uint rows;
    uint groups;
    uint word_row_step;
    uint word_group_step;
    uint word_is_row;
};

void main()
{
    uint row = element_row();
    uint group = element_group();
    if (row >= rows || group >= groups)
        return;
    uvec3 token = uvec3(tokens[row].xyz);
    uint word_row = word_is_row != 0 ? row : token.x;
    y[row * groups + group] = store4(load4(word[word_row * word_row_step + group * word_group_step]) +
                                     load4(position[token.y * groups + group]) + load4(type[token.z * groups + group]));
}
