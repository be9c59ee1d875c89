// SPDX-License-Identifier: Apache-2.0
// Elements live in groups of four: elem4 is what a buffer holds, load4 and store4 convert to and from vec4.
// f16 is two halves in a uint, which needs no 16-bit storage on any device. Stores saturate at the largest half, so that
// an activation beyond it stays finite; NaN stays NaN.
#ifndef TUFF_STORAGE_GLSL
#define TUFF_STORAGE_GLSL

vec4 load4(vec4 v) { return v; }
vec4 load4(uvec2 v) { return vec4(unpackHalf2x16(v.x), unpackHalf2x16(v.y)); }
vec4 saturate_half(vec4 v) { return mix(clamp(v, vec4(-65504.0), vec4(65504.0)), v, isnan(v)); }
uvec2 store_half4(vec4 v)
{
    v = saturate_half(v);
    return uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw));
}


// Gradients do not saturate: one beyond the largest half becomes infinite, so that the norm of all gradients tells, the step
// is skipped and the loss scale falls.
uvec2 store_half_gradient4(vec4 v)
{
    v = mix(v, sign(v) * uintBitsToFloat(0x7f800000u), greaterThan(abs(v), vec4(65504.0)));
    return uvec2(packHalf2x16(v.xy), packHalf2x16(v.zw));
}

#ifdef VARIANT_f16
#define elem4 uvec2
#define store4(v) store_half4(v)
#define store_gradient4(v) store_half_gradient4(v)
#else
#define elem4 vec4
#define store4(v) (v)
#define store_gradient4(v) (v)
#endif

#endif
