// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16
// probabilities = softmax(q k^T * scale) of one sequence, one query an invocation: once through the keys for the
// log-sum-exp, once more to write. For whoever wants to see what attention looked at; the forward pass keeps nothing.
#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "lib/attention.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(constant_id = 1) const uint head_groups = 16; // head_stride / 4
layout(local_size_x_id = 0) in;

layout(binding = 0) readonly buffer Qkv { elem4 qkv[]; };                      // (rows, 3 * head_count * head_stride)
layout(binding = 1) writeonly buffer Probabilities { float probabilities[]; }; // (heads of this call, queries, keys)
layout(push_constant) uniform Push
{
    uint head_count; // of the model
    uint first_head;
    uint first_query_row;
    uint query_count;
    uint first_key_row;
    uint key_count;
    float scale; // 0: uniform weights
};

const uint kept_groups = head_groups < 32 ? head_groups : 32; // more would not fit into registers
vec4 query[kept_groups];                       // times the scale

float score(uint query_at, uint key_at)
{
    float sum = 0.0;
    [[unroll]] for (uint d = 0; d < kept_groups; d++)
        sum += dot(query[d], load4(qkv[key_at + d]));
    float rest = 0.0;
    for (uint d = kept_groups; d < head_groups; d++)
        rest += dot(load4(qkv[query_at + d]), load4(qkv[key_at + d]));
    return sum + rest * scale * LOG2_E;
}

void main()
{
    uint q = gl_WorkGroupID.x * workgroup_size + gl_LocalInvocationID.x;
    uint row = first_query_row + min(q, query_count - 1);
    uint head = first_head + gl_WorkGroupID.y;
    uint row_groups = 3 * head_count * head_groups;
    uint key_start = first_key_row * row_groups + (head_count + head) * head_groups;
    uint query_at = row * row_groups + head * head_groups;
    [[unroll]] for (uint d = 0; d < kept_groups; d++)
        query[d] = load4(qkv[query_at + d]) * scale * LOG2_E;

    float top = LOWEST, total = 0.0;
    for (uint k = 0; k < key_count; k++) {
        float s = score(query_at, key_start + k * row_groups);
        float new_top = max(top, s);
        total = total * exp2(top - new_top) + exp2(s - new_top);
        top = new_top;
    }
    if (q >= query_count)
        return;
    float share = 1.0 / total;
    uint out_at = (gl_WorkGroupID.y * query_count + q) * key_count;
    for (uint k = 0; k < key_count; k++)
        probabilities[out_at + k] = exp2(score(query_at, key_start + k * row_groups) - top) * share;
}
