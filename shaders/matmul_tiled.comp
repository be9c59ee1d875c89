// SPDX-License-Identifier: Apache-2.0
// variants: f32 f16 f16_wide f16_wideinput
// y = residual + dropout(activation(x weight^T + bias)); with `over_outputs` y = residual + x weight, the gradient of a
// linear's input. f16_wide: y is f32; f16_wideinput: x is.
//
// A workgroup of lanes_x * lanes_y computes a block of tile_rows * lanes_y rows and 4 * tile_groups * lanes_x columns;
// a lane, tile_rows rows with tile_groups groups of four columns, `lanes` apart so that neighbours read neighbours.
// The sum goes along K in groups of four, `step` of them a turn; through shared memory where uses_shared. Where is_split,
// the workgroups of each z sum one part of K, split_groups groups of it, and y are the parts' sums one after the other.
#version 450
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "lib/storage.glsl"
#include "lib/activation.glsl"
#include "lib/random.glsl"

layout(constant_id = 0) const uint lanes_x = 16;
layout(constant_id = 1) const uint lanes_y = 8;
layout(constant_id = 2) const uint tile_rows = 8;   // 1 to 8
layout(constant_id = 3) const uint tile_groups = 1; // 1 or 2
layout(constant_id = 4) const uint step = 4;        // where not shared: 1 or 2
layout(constant_id = 5) const uint uses_shared = 0;
layout(constant_id = 6) const uint over_outputs = 0;
layout(constant_id = 7) const uint step_divides = 0; // the padded K / 4, as it must where not shared
layout(constant_id = 8) const uint rolls = 0; // keep the loop over a turn: some compilers spill when they unroll it
layout(constant_id = 9) const uint is_split = 0; // where y is f32
layout(local_size_x = 16, local_size_x_id = 0, local_size_y = 8, local_size_y_id = 1) in;

#ifdef VARIANT_wideinput
#define x_elem4 vec4
vec4 load_x(vec4 v) { return v; }
#else
#define x_elem4 elem4
vec4 load_x(elem4 v) { return load4(v); }
#endif

layout(binding = 0) readonly buffer X { x_elem4 x[]; };             // (rows, K)
layout(binding = 1) readonly buffer Weight { elem4 weight[]; };     // PANELS: (N, K), or (K, N) over_outputs
layout(binding = 2) readonly buffer Bias { float bias[]; };         // (1, N) where HAS_BIAS
layout(binding = 3) readonly buffer Residual { elem4 residual[]; }; // (rows, cols) where HAS_RESIDUAL; may be y
layout(binding = 4) readonly buffer Seed { uvec4 seed[]; };         // (1, 4) where has_dropout
#ifdef VARIANT_wide
layout(binding = 5) writeonly buffer Y { vec4 y[]; };               // (rows, cols); is_split, (parts * rows, cols)
#else
layout(binding = 5) writeonly buffer Y { elem4 y[]; };
#endif
layout(binding = 6) writeonly buffer Pre { elem4 pre[]; };          // (rows, cols) where keeps_sum
layout(push_constant) uniform Push
{
    uint rows;
    uint cols;          // of y
    uint groups;        // of four along K, padding included
    uint weight_stride;
    uint first_output;  // of the weight; over_outputs, the one that x begins with
    uint y_stride;      // groups of four, padding included
    uint turn;          // step; unknown to the compiler, so that it does not unroll
    uint split_groups;  // a multiple of step
    uint flags;
    uint dropout_stream;
    uint dropout_threshold;
    float dropout_scale;
    float x_factor;
    float y_factor;
};

#define PART (is_split != 0 ? gl_WorkGroupID.z : 0)
#include "lib/linear_output.glsl"

const uint block_rows = tile_rows * lanes_y;
const uint block_groups = tile_groups * lanes_x;
const uint lane_count = lanes_x * lanes_y;
const uint MAX_FILLS = 8;
const uint x_fills = step * block_rows / lane_count;
const uint weight_fills = step * 4 * block_groups / lane_count;
const uint x_pitch = block_rows + 1; // rows of the block, and one that spreads the banks
shared vec4 x_block[uses_shared * step * x_pitch + 1];
shared vec4 weight_block[uses_shared * step * 4 * block_groups + 1];

// Where a lane finds the n-th group that it brings to a block, at the beginning of K, and where it puts it.
struct transfer {
    uint from;
    uint to;
    uint k;
};

transfer x_transfer(uint first_row, uint n)
{
    uint i = n * lane_count + gl_LocalInvocationID.y * lanes_x + gl_LocalInvocationID.x;
    uint k = i % step;
    uint row = i / step;
    return transfer(min(first_row + row, rows - 1) * groups + k, k * x_pitch + row, k);
}

// Group k along K of the weight's output c of group g; over_outputs, group g of its output 4 * k + c.
uint weight_place(uint k, uint g, uint c)
{
    if (over_outputs == 0)
        return k * weight_stride + min(first_output + 4 * g + c, weight_stride - 1);
    return min(g, y_stride - 1) * weight_stride + first_output + 4 * k + c;
}

transfer weight_transfer(uint first_group, uint n)
{
    uint i = n * lane_count + gl_LocalInvocationID.y * lanes_x + gl_LocalInvocationID.x;
    uint c = i % 4;
    uint k = over_outputs == 0 ? i / (4 * block_groups) : i / 4 % step;
    uint g = over_outputs == 0 ? i / 4 % block_groups : i / (4 * step);
    return transfer(weight_place(k, first_group + g, c), (k * 4 + c) * block_groups + g, k);
}

// The blocks hold a whole number of groups for each lane, so that these loops unroll.
void fill_blocks(uint first_k, transfer from_x[MAX_FILLS], transfer from_weight[MAX_FILLS])
{
    [[unroll]] for (uint n = 0; n < x_fills; ++n) {
        bool is_within = step_divides != 0 || first_k + from_x[n].k < groups;
        x_block[from_x[n].to] = is_within ? load_x(x[from_x[n].from + first_k]) : vec4(0.0);
    }
    uint turn = over_outputs == 0 ? first_k * weight_stride : 4 * first_k;
    [[unroll]] for (uint n = 0; n < weight_fills; ++n) {
        bool is_within = step_divides != 0 || first_k + from_weight[n].k < groups;
        weight_block[from_weight[n].to] = is_within ? load4(weight[from_weight[n].from + turn]) : vec4(0.0);
    }
}

#define ROWS(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#define IF_ROW(i) if (i < tile_rows)

#define DECLARE(i) vec4 sum##i = vec4(0.0), more##i = vec4(0.0), a##i = vec4(0.0);
#define LOAD_SHARED(i) IF_ROW(i) a##i = x_block[x_at + i * lanes_y];
#define LOAD_DIRECT(i) IF_ROW(i) a##i = load_x(x[min(first_row + ty + i * lanes_y, rows - 1) * groups + first_k + k]);
#define ADD_X(i) IF_ROW(i) sum##i += a##i.x * w[0];
#define ADD_Y(i) IF_ROW(i) sum##i += a##i.y * w[1];
#define ADD_Z(i) IF_ROW(i) sum##i += a##i.z * w[2];
#define ADD_W(i) IF_ROW(i) sum##i += a##i.w * w[3];
#define MORE_X(i) IF_ROW(i) more##i += a##i.x * w[0];
#define MORE_Y(i) IF_ROW(i) more##i += a##i.y * w[1];
#define MORE_Z(i) IF_ROW(i) more##i += a##i.z * w[2];
#define MORE_W(i) IF_ROW(i) more##i += a##i.w * w[3];
#define FINISH(i) IF_ROW(i) finish(first_row + ty + i * lanes_y, group, sum##i, bias4);
#define FINISH_MORE(i) IF_ROW(i) finish(first_row + ty + i * lanes_y, group, more##i, bias4);

// Column j of the result multiplies element j of a row's group.
mat4 shared_weights(uint at)
{
    mat4 w = mat4(weight_block[at], weight_block[at + block_groups], weight_block[at + 2 * block_groups],
                  weight_block[at + 3 * block_groups]);
    return over_outputs == 0 ? transpose(w) : w;
}

mat4 direct_weights(uint k, uint g)
{
    mat4 w = mat4(load4(weight[weight_place(k, g, 0)]), load4(weight[weight_place(k, g, 1)]),
                  load4(weight[weight_place(k, g, 2)]), load4(weight[weight_place(k, g, 3)]));
    return over_outputs == 0 ? transpose(w) : w;
}

void main()
{
    uint tx = gl_LocalInvocationID.x;
    uint ty = gl_LocalInvocationID.y;
    uint first_row = gl_WorkGroupID.x * block_rows;
    uint first_group = gl_WorkGroupID.y * block_groups;
    transfer from_x[MAX_FILLS];
    transfer from_weight[MAX_FILLS];
    [[unroll]] for (uint n = 0; n < x_fills; ++n)
        from_x[n] = x_transfer(first_row, n);
    [[unroll]] for (uint n = 0; n < weight_fills; ++n)
        from_weight[n] = weight_transfer(first_group, n);
    ROWS(DECLARE)
    uint k_end = is_split != 0 ? min((PART + 1) * split_groups, groups) : groups;
    for (uint first_k = is_split != 0 ? PART * split_groups : 0; first_k < k_end; first_k += step) {
        if (uses_shared != 0) {
            barrier();
            fill_blocks(first_k, from_x, from_weight);
            barrier();
        }
        [[unroll]] for (uint k = 0; k < (rolls != 0 ? turn : step); ++k) {
            mat4 w;
            if (uses_shared != 0) {
                uint x_at = k * x_pitch + ty;
                ROWS(LOAD_SHARED)
                w = shared_weights(k * 4 * block_groups + tx);
            } else {
                ROWS(LOAD_DIRECT)
                w = direct_weights(first_k + k, first_group + tx);
            }
            ROWS(ADD_X)
            ROWS(ADD_Y)
            ROWS(ADD_Z)
            ROWS(ADD_W)
            if (tile_groups > 1) {
                w = uses_shared != 0 ? shared_weights(k * 4 * block_groups + lanes_x + tx)
                                     : direct_weights(first_k + k, first_group + lanes_x + tx);
                ROWS(MORE_X)
                ROWS(MORE_Y)
                ROWS(MORE_Z)
                ROWS(MORE_W)
            }
        }
    }
    uint group = first_group + tx;
    vec4 bias4 = bias_of(group);
    ROWS(FINISH)
    if (tile_groups > 1) {
        group += lanes_x;
        bias4 = bias_of(group);
        ROWS(FINISH_MORE)
    }
}
