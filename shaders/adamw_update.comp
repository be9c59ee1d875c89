// SPDX-License-Identifier: Apache-2.0
// variants: f32 f32_address
// One update of a range of parameters, four an invocation, with g = factor * gradient:
//     m = m + (1 - beta1) * (g - m),   v = beta2 * v + (1 - beta2) * g^2
//   torch     w = w * (1 - rate * decay) - rate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
//   original  w = w - rate * (m / (sqrt(v) + epsilon) + decay * w)
// The first decayed_groups groups decay, the others do not. Nothing changes where the norm was not finite.
// For CPU drivers, the variant `address`: an invocation has two pairs, of which those of a subgroup lie side by side; a pair is
// stored at once (lib/pairs.glsl).
#version 450
#extension GL_GOOGLE_include_directive : require
#ifdef VARIANT_address
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_buffer_reference_uvec2 : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#endif
#include "lib/grid.glsl"

layout(constant_id = 0) const uint workgroup_size = 64;
layout(constant_id = 1) const uint lanes = 8; // of a subgroup, for the variant `address`: 4, 8 or 16; at most `groups`
layout(local_size_x = 64, local_size_x_id = 0) in;

#ifdef VARIANT_address
#define number vec2
#define stored uint64_t
#include "lib/pairs.glsl"
#else
#define number vec4
#define stored vec4
#define pack_pair(v) v
#endif

layout(binding = 0) buffer Weights { stored weights[]; };
layout(binding = 1) readonly buffer Gradients { stored gradients[]; };
layout(binding = 2) buffer First { stored first_moments[]; };
layout(binding = 3) buffer Second { stored second_moments[]; };
layout(binding = 4) readonly buffer Step { vec4 step_values[]; };   // see ops/adamw.h
layout(binding = 5) readonly buffer Result { vec4 norm_result[]; }; // norm, factor, is_applied, 0
layout(push_constant) uniform Push
{
    uint groups;
    uint decayed_groups;
    uint is_original;
    float rate_scale; // of the learning rate, for this range
    float weight_decay;
    float beta1_rest; // 1 - beta1, rounded once
    float beta2;
    float beta2_rest;
    float epsilon;
    uint weights_address_low; // for the variant `address`, as those that follow
    uint weights_address_high;
    uint gradients_address_low;
    uint gradients_address_high;
    uint first_address_low;
    uint first_address_high;
    uint second_address_low;
    uint second_address_high;
};

number updated(number w, number m, number v, float decay)
{
    float rate = step_values[0].x * rate_scale;
    if (is_original != 0)
        return w - rate * (m / (sqrt(v) + epsilon) + decay * w);
    number root = sqrt(v) * (1.0 / step_values[0].z) + epsilon;
    return w * (1.0 - rate * decay) - (rate / step_values[0].y) * (m / root);
}

// `at`: of the arrays; group: of four, that it belongs to.
void update(uint at, uint group, number w, number gradient, number m, number v)
{
    number g = gradient * norm_result[0].y;
    m += beta1_rest * (g - m);
    v = beta2 * v + beta2_rest * g * g;
    first_moments[at] = pack_pair(m);
    second_moments[at] = pack_pair(v);
    weights[at] = pack_pair(updated(w, m, v, group < decayed_groups ? weight_decay : 0.0));
}

#ifdef VARIANT_address
number load(uint low, uint high, uint first)
{
    return unpack_pair(pairs_at(packUint2x32(uvec2(low, high)) + uint64_t(first) * 8));
}

void main()
{
    // The last chunk begins early enough to be full, and leaves to the one before it what is that one's.
    uint own = (workgroup_in_line() * (workgroup_size / lanes) + gl_SubgroupID) * 2 * lanes;
    if (own >= 2 * groups || norm_result[0].z == 0.0)
        return;
    uint chunk = min(own, 2 * groups - 2 * lanes);
    [[unroll]] for (uint i = 0; i < 2; ++i) {
        uint first = chunk + i * lanes;
        uint at = first + gl_SubgroupInvocationID;
        number w = load(weights_address_low, weights_address_high, first);
        number g = load(gradients_address_low, gradients_address_high, first);
        number m = load(first_address_low, first_address_high, first);
        number v = load(second_address_low, second_address_high, first);
        if (at >= own)
            update(at, at / 2, w, g, m, v);
    }
}
#else
void main()
{
    uint i = workgroup_in_line() * workgroup_size + gl_LocalInvocationIndex;
    if (i >= groups || norm_result[0].z == 0.0)
        return;
    update(i, i, weights[i], gradients[i], first_moments[i], second_moments[i]);
}
#endif
