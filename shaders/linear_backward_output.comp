// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_wide
// What of linear's backward goes element by element, in one pass down the columns: d_residual = d_y; then d_y becomes the
// gradient of the sum, d_y * dropout * activation'(sum), where it lies; d_bias = its sum over rows.
// VARIANT_wide: d_y is f32 whatever the storage type.
#version 450
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/columns.glsl"
#include "lib/random.glsl"

layout(constant_id = 10) const uint activation = 0;

#ifdef VARIANT_wide
#define grad4 vec4
vec4 load_grad(vec4 v) { return v; }
vec4 store_grad(vec4 v) { return v; }
#else
#define grad4 elem4
vec4 load_grad(elem4 v) { return load4(v); }
elem4 store_grad(vec4 v) { return store_gradient4(v); }
#endif

layout(binding = 0) buffer DY { grad4 d_y[]; };               // (rows, cols)
layout(binding = 1) readonly buffer Sum { elem4 sum[]; };     // (rows, cols) where activation
layout(binding = 2) readonly buffer Seed { uvec4 seed[]; };   // (1, 4) where dropout_threshold > 0
layout(binding = 3) buffer DResidual { elem4 d_residual[]; }; // (rows, cols) where residual_mode
layout(binding = 4) buffer DBias { float d_bias[]; };         // (1, N) where bias_mode
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;
    uint groups;
    uint first_output;
    uint residual_mode; // 0: not wanted, 1: stored, 2: added to
    uint bias_mode;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
};

vec4 sum_gradient(uint row, uint group, vec4 g)
{
    if (dropout_threshold > 0)
        g *= dropout4(seed[0], dropout_stream, 0, row, group, dropout_threshold, dropout_scale);
    if (activation != ACTIVATION_NONE)
        g *= activation_slope4(activation, load4(sum[row * groups + group]));
    return g;
}

void main()
{
    uint group = column_group();
    vec4 total = vec4(0.0);
    for (uint row = row_lane(); row < rows && group < groups; row += row_lanes) {
        uint at = row * groups + group;
        vec4 g = load_grad(d_y[at]);
        if (residual_mode != 0)
            d_residual[at] = store_gradient4(residual_mode == 2 ? load4(d_residual[at]) + g : g);
        if (activation != ACTIVATION_NONE || dropout_threshold > 0) {
            g = sum_gradient(row, group, g);
            d_y[at] = store_grad(g);
        }
        total += g;
    }
    total = column_total(total);
    if (row_lane() != 0 || group >= groups || bias_mode == 0)
        return;
    for (uint i = 0; i < 4; i++) {
        uint at = first_output + 4 * group + i;
        if (4 * group + i < cols)
            d_bias[at] = total[i] + (bias_mode == 2 ? d_bias[at] : 0.0);
    }
}
