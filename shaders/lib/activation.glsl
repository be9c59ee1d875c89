// SPDX-License-Identifier: Apache-2.0
// Activations and their derivatives, by the numbers of enum tuff_activation in src/ops/op.h.
//
// erf and tanh are built of two parts, right to about 1e-7: near zero an odd polynomial, farther out one minus a small
// number made with an exponential, whose own error is scaled down thereby. NaN stays NaN.
#ifndef TUFF_ACTIVATION_GLSL
#define TUFF_ACTIVATION_GLSL

const uint ACTIVATION_NONE = 0;
const uint ACTIVATION_GELU = 1;
const uint ACTIVATION_GELU_NEW = 2;
const uint ACTIVATION_RELU = 3;
const uint ACTIVATION_SILU = 4;
const uint ACTIVATION_TANH = 5;

// Minimax polynomials: erf(x) / x in x^2 on [0, 1]; -log2(1 - erf(x)) in x on [1, 4], where 1 - erf(4) is 1.5e-8.
float erf_exact(float x)
{
    float z = x * x;
    float near = x * (1.1283791 + z * (-0.37612328 + z * (0.11280182 + z * (-0.026711358 +
                 z * (0.0049175979 + z * -0.000563159)))));
    float t = min(abs(x), 4.0);
    float bits = 0.00051029364 + t * (1.625975 + t * (0.9207649 + t * (0.1486516 +
                 t * (-0.031458475 + t * (0.0042409697 + t * -0.00026772803)))));
    float far = 1.0 - exp2(-bits);
    return t < 1.0 ? near : x < 0.0 ? -far : far;
}

// Minimax polynomial of (tanh(x) / x - 1) / x^2 in x^2 on [0, 0.63]. A driver's own tanh may cancel near zero.
float tanh_exact(float x)
{
    float z = x * x;
    float near = x + x * z * (-0.33333278 + z * (0.13331331 + z * (-0.05373 + z * (0.02060618 + z * -0.00566698))));
    float t = min(abs(x), 16.0);
    float far = 1.0 - 2.0 / (exp(2.0 * t) + 1.0);
    return t < 0.625 || isnan(x) ? near : x < 0.0 ? -far : far;
}

float sigmoid_exact(float x) { return 0.5 + 0.5 * tanh_exact(0.5 * x); }

// sqrt(2 / pi) * (x + 0.044715 x^3), the argument of gelu_new's tanh.
float gelu_new_argument(float x) { return 0.7978845608 * x * (1.0 + 0.044715 * x * x); }

float activate(uint kind, float x)
{
    switch (kind) {
    case ACTIVATION_GELU: return 0.5 * x * (1.0 + erf_exact(x * 0.7071067812));
    case ACTIVATION_GELU_NEW: return 0.5 * x * (1.0 + tanh_exact(gelu_new_argument(x)));
    case ACTIVATION_RELU: return x < 0.0 ? 0.0 : x;
    case ACTIVATION_SILU: return x * sigmoid_exact(x);
    case ACTIVATION_TANH: return tanh_exact(x);
    default: return x;
    }
}

// normal(x) + x * density(x), of one exponential: the tail of the normal distribution by Abramowitz and Stegun's 7.1.26, right
// to 1e-7 (not relatively, for which `activate` has another form).
float gelu_slope(float x)
{
    float bell = exp(-0.5 * x * x);
    float t = 1.0 / (1.0 + 0.2316419 * abs(x));
    float tail = 0.5 * bell * t *
                 (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    return (x < 0.0 ? tail : 1.0 - tail) + x * 0.3989422804 * bell;
}

float gelu_new_slope(float x)
{
    float t = tanh_exact(gelu_new_argument(x));
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 3.0 * 0.044715 * x * x);
}

float activation_slope(uint kind, float x)
{
    float s;
    switch (kind) {
    case ACTIVATION_GELU: return gelu_slope(x);
    case ACTIVATION_GELU_NEW: return gelu_new_slope(clamp(x, -20.0, 20.0));
    case ACTIVATION_RELU: return x > 0.0 ? 1.0 : 0.0;
    case ACTIVATION_SILU: s = sigmoid_exact(x); return s * (1.0 + x * (1.0 - s));
    case ACTIVATION_TANH: s = tanh_exact(x); return 1.0 - s * s;
    default: return 1.0;
    }
}

vec4 activate4(uint kind, vec4 v)
{
    return vec4(activate(kind, v.x), activate(kind, v.y), activate(kind, v.z), activate(kind, v.w));
}

vec4 activation_slope4(uint kind, vec4 v)
{
    return vec4(activation_slope(kind, v.x), activation_slope(kind, v.y), activation_slope(kind, v.z),
                activation_slope(kind, v.w));
}

#endif
