/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <math.h>

#include "base/half.h"
#include "ops/adamw.h"
#include "support/device.h"

enum { RANGES = 2, LARGEST = 20000, STEPS = 6 };

static const uint32_t group_counts[RANGES] = { 4999, 37 };
static const uint32_t decayed_counts[RANGES] = { 1203, 0 };
static const float rate_scales[RANGES] = { 1, 0.5f };

/* One range on both sides. */
struct numbers {
    double weights[LARGEST], gradients[LARGEST], first[LARGEST], second[LARGEST];
};

struct fixture {
    struct tuff_device *device;
    struct tuff_arena *arena;
    struct tuff_adamw_range ranges[RANGES];
    struct tuff_adamw adamw;
    struct tuff_recording *recording;
};

static struct numbers expected[RANGES];

static void check(tuff_status status) {
    cr_assert_eq(status, TUFF_OK, "%s", tuff_error_message());
}

static void upload(struct fixture *fixture, struct tuff_slice slice, const double *values, uint32_t count) {
    static float floats[LARGEST];
    for (uint32_t i = 0; i < count; i++)
        floats[i] = (float)values[i];
    check(tuff_upload(fixture->device, &slice, 0, floats, count * sizeof *floats));
}

static struct tuff_slice take(struct fixture *fixture, uint64_t size) {
    struct tuff_slice slice;
    check(tuff_arena_take(fixture->arena, size, &slice));
    return slice;
}

/* Gradients of very different sizes; every third is 0. */
static double gradient_at(uint32_t range, uint32_t i, uint64_t step) {
    double size = pow(10, -(double)(i % 7));
    return i % 3 == 0 ? 0 : (double)(float)(size * sin((double)(i + 1) * (double)(step + range)));
}

static void begin(struct fixture *fixture, enum tuff_adamw_form form, double clip) {
    *fixture = (struct fixture){ .device = test_device() };
    check(tuff_arena_create(fixture->device, TUFF_MEMORY_DEVICE, "test", &fixture->arena));
    for (uint32_t r = 0; r < RANGES; r++) {
        uint32_t count = group_counts[r] * 4;
        uint64_t size = count * sizeof(float);
        fixture->ranges[r] = (struct tuff_adamw_range){
            .weights = take(fixture, size),
            .gradients = take(fixture, size),
            .first_moments = take(fixture, size),
            .second_moments = take(fixture, size),
            .groups = group_counts[r],
            .decayed_groups = decayed_counts[r],
            .rate_scale = rate_scales[r],
        };
        for (uint32_t i = 0; i < count; i++) {
            expected[r].weights[i] = (double)(float)cos((double)i);
            expected[r].first[i] = expected[r].second[i] = 0;
        }
        upload(fixture, fixture->ranges[r].weights, expected[r].weights, count);
        upload(fixture, fixture->ranges[r].first_moments, expected[r].first, count);
        upload(fixture, fixture->ranges[r].second_moments, expected[r].second, count);
    }
    fixture->adamw = (struct tuff_adamw){ .form = form,
                                          .beta1 = 0.9,
                                          .beta2 = 0.999,
                                          .epsilon = form == TUFF_ADAMW_TORCH ? 1e-8 : 1e-6,
                                          .weight_decay = 0.01,
                                          .clip = clip,
                                          .ranges = fixture->ranges,
                                          .range_count = RANGES };
    fixture->adamw.partials = take(fixture, tuff_adamw_partials_size(&fixture->adamw));
    fixture->adamw.step = take(fixture, 16);
    fixture->adamw.result = take(fixture, 16);
    check(tuff_recording_create(fixture->device, &fixture->recording));
    check(tuff_adamw_record(fixture->device, fixture->recording, &fixture->adamw));
    check(tuff_recording_end(fixture->recording));
}

static void end(struct fixture *fixture) {
    tuff_recording_destroy(fixture->recording);
    tuff_arena_destroy(fixture->arena);
    test_device_close(fixture->device);
}

/* Runs an update on the device, whose gradients are `loss_scale` times those given. Returns their norm. */
static double run_step(struct fixture *fixture, uint64_t step, double learning_rate, double loss_scale) {
    static double scaled[LARGEST];
    double squares = 0;
    float values[4];
    for (uint32_t r = 0; r < RANGES; r++) {
        for (uint32_t i = 0; i < group_counts[r] * 4; i++) {
            expected[r].gradients[i] = gradient_at(r, i, step);
            scaled[i] = expected[r].gradients[i] * loss_scale;
            squares += expected[r].gradients[i] * expected[r].gradients[i];
        }
        upload(fixture, fixture->ranges[r].gradients, scaled, group_counts[r] * 4);
    }
    tuff_adamw_step_values(&fixture->adamw, step, learning_rate, loss_scale, values);
    check(tuff_upload(fixture->device, &fixture->adamw.step, 0, values, sizeof values));
    check(tuff_recording_run(fixture->recording, NULL, NULL));
    return sqrt(squares);
}

static void reference_step(struct fixture *fixture, uint64_t step, double learning_rate, double norm) {
    for (uint32_t r = 0; r < RANGES; r++) {
        struct numbers *n = &expected[r];
        size_t decayed = decayed_counts[r] * 4;
        size_t count = group_counts[r] * 4;
        double rate = learning_rate * (double)rate_scales[r];
        tuff_adamw_reference(&fixture->adamw, step, rate, norm, true, decayed, n->weights, n->gradients,
                             n->first, n->second);
        tuff_adamw_reference(&fixture->adamw, step, rate, norm, false, count - decayed, n->weights + decayed,
                             n->gradients + decayed, n->first + decayed, n->second + decayed);
    }
}

static void compare(struct fixture *fixture, struct tuff_slice slice, const double *values, uint32_t count,
                    double tolerance, const char *what) {
    static float floats[LARGEST];
    double worst = 0;
    check(tuff_download(fixture->device, &slice, 0, floats, count * sizeof *floats));
    for (uint32_t i = 0; i < count; i++) {
        double difference = fabs((double)floats[i] - values[i]);
        worst = difference > worst || isnan(difference) ? difference : worst;
    }
    cr_expect(worst <= tolerance, "%s are off by %g of %g", what, worst, tolerance);
}

static void follow(enum tuff_adamw_form form, double clip, double loss_scale) {
    static const double zeros[LARGEST];
    struct fixture fixture;
    begin(&fixture, form, clip);
    for (uint64_t step = 1; step <= STEPS; step++) {
        float result[4];
        double rate = 1e-3 * (double)step;
        double norm = run_step(&fixture, step, rate, loss_scale);
        reference_step(&fixture, step, rate, norm);
        check(tuff_download(fixture.device, &fixture.adamw.result, 0, result, sizeof result));
        cr_expect_float_eq((double)result[0], norm, 1e-6 * norm);
        cr_expect_eq(result[2], 1.0f);
    }
    for (uint32_t r = 0; r < RANGES; r++) {
        uint32_t count = group_counts[r] * 4;
        /* Moves add up to 0.02; a float of size 1 resolves 6e-8. */
        compare(&fixture, fixture.ranges[r].weights, expected[r].weights, count, 1e-6, "weights");
        compare(&fixture, fixture.ranges[r].first_moments, expected[r].first, count, 1e-6, "first moments");
        compare(&fixture, fixture.ranges[r].second_moments, expected[r].second, count, 1e-6,
                "second moments");
        compare(&fixture, fixture.ranges[r].gradients, zeros, count, 0, "cleared gradients");
    }
    end(&fixture);
}

Test(ops_adamw, torch_form) {
    follow(TUFF_ADAMW_TORCH, 0, 1);
    follow(TUFF_ADAMW_TORCH, 1, 1);
    follow(TUFF_ADAMW_TORCH, 1, 1024);
}

Test(ops_adamw, original_form) {
    follow(TUFF_ADAMW_ORIGINAL, 1, 1);
    follow(TUFF_ADAMW_ORIGINAL, 1e6, 1);
}

Test(ops_adamw, a_norm_that_is_not_finite_skips_the_update) {
    static const double zeros[LARGEST];
    struct fixture fixture;
    float result[4];
    begin(&fixture, TUFF_ADAMW_TORCH, 1);
    const float infinity = INFINITY;
    run_step(&fixture, 1, 0, 1);
    check(tuff_upload(fixture.device, &fixture.ranges[1].gradients, 20, &infinity, sizeof infinity));
    check(tuff_recording_run(fixture.recording, NULL, NULL));
    check(tuff_download(fixture.device, &fixture.adamw.result, 0, result, sizeof result));
    cr_expect_eq(result[2], 0.0f);
    for (uint32_t r = 0; r < RANGES; r++) {
        compare(&fixture, fixture.ranges[r].weights, expected[r].weights, group_counts[r] * 4, 0, "weights");
        compare(&fixture, fixture.ranges[r].gradients, zeros, group_counts[r] * 4, 0, "cleared gradients");
    }
    end(&fixture);
}

Test(ops_adamw, floats_become_halves) {
    enum { COUNT = 4 * 131 };
    static float floats[COUNT];
    static uint16_t halves[COUNT];
    struct fixture fixture = { .device = test_device() };
    check(tuff_arena_create(fixture.device, TUFF_MEMORY_DEVICE, "test", &fixture.arena));
    struct tuff_slice from = take(&fixture, sizeof floats);
    struct tuff_slice to = take(&fixture, sizeof halves);
    for (int i = 0; i < COUNT; i++)
        floats[i] = (float)sin(i) * powf(10, (float)(i % 6));
    floats[7] = 1e6f;
    check(tuff_upload(fixture.device, &from, 0, floats, sizeof floats));
    check(tuff_recording_create(fixture.device, &fixture.recording));
    check(tuff_cast_record(fixture.recording, to, from, COUNT / 4));
    check(tuff_recording_end(fixture.recording));
    check(tuff_recording_run(fixture.recording, NULL, NULL));
    check(tuff_download(fixture.device, &to, 0, halves, sizeof halves));
    for (int i = 0; i < COUNT; i++) {
        float bounded = fminf(fmaxf(floats[i], -65504.0f), 65504.0f);
        /* Drivers may round to either neighbour. */
        cr_expect_float_eq(tuff_half_to_float(halves[i]), bounded, fabsf(bounded) * 0x1p-10f + 0x1p-24f, "%d",
                           i);
    }
    end(&fixture);
}
