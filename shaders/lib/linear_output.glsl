// SPDX-License-Identifier: Apache-2.0
// The way of a finished sum of `linear` into y, for lanes that own four columns: bias, pre-activation, activation,
// dropout, residual. x_factor and y_factor are powers of two: what x was divided by, and what y is multiplied with, to
// leave room in f16. Columns beyond `cols` become zeros, whatever rows the weight has there.
// Included after the kernel's bindings, push constants and over_outputs, with which y is a gradient; and after PART where
// y are sums of parts, one after the other: the number of the one that is finished.

layout(constant_id = 10) const uint activation = 0;
layout(constant_id = 11) const uint keeps_sum = 0;   // store what activation is applied to
layout(constant_id = 12) const uint has_dropout = 0;

#ifndef PART
#define PART 0
#endif

const uint HAS_BIAS = 1;
const uint HAS_RESIDUAL = 2;

#ifdef VARIANT_wide
vec4 store_y(vec4 v) { return v; }
#else
elem4 store_y(vec4 v) { return over_outputs != 0 ? store_gradient4(v) : store4(v); }
#endif

vec4 bias_of(uint group)
{
    uint at = first_output + 4 * min(group, y_stride - 1);
    // The last group may reach beyond a bias of fewer outputs than first_output + cols padded.
    uvec4 i = min(uvec4(at, at + 1, at + 2, at + 3), uvec4(first_output + cols - 1));
    return (flags & HAS_BIAS) == 0 ? vec4(0.0) : vec4(bias[i.x], bias[i.y], bias[i.z], bias[i.w]);
}

void finish(uint row, uint group, vec4 sum, vec4 bias4)
{
    if (row >= rows || group >= y_stride)
        return;
    uint at = (PART * rows + row) * y_stride + group;
    uint col = 4 * group;
    vec4 v = mix(vec4(0.0), sum * x_factor + bias4, lessThan(uvec4(col, col + 1, col + 2, col + 3), uvec4(cols)));
    if (keeps_sum != 0)
        pre[at] = store4(v);
    v = activate4(activation, v);
    if (has_dropout != 0)
        v *= dropout4(seed[0], dropout_stream, 0, row, group, dropout_threshold, dropout_scale);
    if ((flags & HAS_RESIDUAL) != 0)
        v += load4(residual[at]);
    y[at] = store_y(v * y_factor);
}
