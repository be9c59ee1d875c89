/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch memory of ops: placed where nothing that lives is, in every pass. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "graph/graph.h"
#include "ops/check.h"
#include "support/device.h"

enum { ROWS = 7, WIDTH = 600, HIDDEN = 520, VALUES = ROWS * WIDTH };

/* y = x + gelu(x v^T) w^T, each product small with a long sum; the gradient of y is given. */
struct network {
    struct tuff_case *parameters;
    struct tuff_tensor *weights[2], *gradients[2];
    struct tuff_graph *graph;
    struct tuff_tensor *x, *y, *d_y;
    struct tuff_workspace workspace;
};

static void make_parameters(struct network *network, struct tuff_device *device) {
    static const uint32_t sizes[2][2] = { { HIDDEN, WIDTH }, { WIDTH, HIDDEN } };
    cr_assert_eq(tuff_alloc(1, sizeof *network->parameters, &network->parameters), TUFF_OK);
    *network->parameters = (struct tuff_case){ .device = device, .type = TUFF_TYPE_F32, .seed = 7 };
    cr_assert_eq(tuff_arena_create(device, TUFF_MEMORY_DEVICE, "test", &network->parameters->arena), TUFF_OK);
    for (size_t i = 0; i < 2; i++) {
        struct tuff_tensor **made[] = { &network->weights[i], &network->gradients[i] };
        for (size_t j = 0; j < 2; j++)
            cr_assert_eq(tuff_case_random(network->parameters, TUFF_TYPE_F32, TUFF_LAYOUT_PANELS, sizes[i][0],
                                          sizes[i][1], 0.04, made[j]),
                         TUFF_OK, "%s", tuff_error_message());
        network->weights[i]->gradient = network->gradients[i];
    }
}

static struct tuff_tensor *append_linear(struct network *network, struct tuff_tensor *x, size_t weight,
                                         struct tuff_tensor *residual) {
    const union tuff_params params = { .linear.activation =
                                           residual ? TUFF_ACTIVATION_NONE : TUFF_ACTIVATION_GELU };
    struct tuff_tensor *inputs[] = { x, network->weights[weight], NULL, residual };
    struct tuff_tensor *y = NULL;
    cr_assert_eq(tuff_graph_append(network->graph, &tuff_op_linear, &params, inputs, 4, &y), TUFF_OK, "%s",
                 tuff_error_message());
    return y;
}

static void make_graph(struct network *network, struct tuff_device *device, bool checkpoints) {
    const struct tuff_shape shape = { .type = TUFF_TYPE_F32, .rows = ROWS, .cols = WIDTH };
    cr_assert_eq(tuff_graph_create(device, true, &network->graph), TUFF_OK);
    network->graph->checkpoints = checkpoints;
    cr_assert_eq(tuff_graph_input(network->graph, "x", shape, &network->x), TUFF_OK);
    cr_assert_eq(tuff_graph_input(network->graph, "d_y", shape, &network->d_y), TUFF_OK);
    network->y = network->x;
    for (size_t layer = 0; layer < 2; layer++) {
        const size_t first = network->graph->node_count;
        struct tuff_tensor *hidden = append_linear(network, network->y, 0, NULL);
        network->y = append_linear(network, hidden, 1, network->y);
        cr_assert_eq(tuff_graph_segment(network->graph, first), TUFF_OK);
    }
    cr_assert_eq(tuff_graph_differentiate(network->graph, &network->y, 1, network->d_y), TUFF_OK);
    cr_assert_eq(tuff_graph_result(network->graph, network->y), TUFF_OK);
}

/* y and both gradients, behind one another. */
static float *run(struct network *network, struct tuff_device *device) {
    float *values = NULL;
    tuff_workspace_init(&network->workspace, device);
    cr_assert_eq(tuff_graph_prepare(network->graph, &network->workspace), TUFF_OK, "%s",
                 tuff_error_message());
    float *x = tuff_graph_input_bytes(network->x);
    float *d_y = tuff_graph_input_bytes(network->d_y);
    for (int i = 0; i < VALUES; i++) {
        x[i] = sinf((float)i);
        d_y[i] = cosf((float)i);
    }
    cr_assert_eq(tuff_graph_run(network->graph, NULL, NULL), TUFF_OK, "%s", tuff_error_message());
    cr_assert_eq(tuff_alloc(VALUES + 2 * HIDDEN * WIDTH, sizeof *values, &values), TUFF_OK);
    memcpy(values, tuff_graph_result_bytes(network->y), VALUES * sizeof *values);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(
            tuff_tensor_download(device, network->gradients[i], values + VALUES + i * HIDDEN * WIDTH),
            TUFF_OK);
    tuff_graph_destroy(network->graph);
    tuff_workspace_free(&network->workspace);
    tuff_case_free(network->parameters);
    return values;
}

static size_t count_scratch(const struct tuff_graph *graph) {
    size_t count = 0;
    for (size_t i = 0; i < graph->tensor_count; i++)
        count += strcmp(graph->tensors[i]->name, "scratch") == 0;
    return count;
}

/* As a GPU computes it, in parts, and as a driver for the CPU does. */
static void compare(bool checkpoints, size_t scratch_count) {
    struct tuff_device *device = test_device();
    float *results[2];
    for (int is_split = 0; is_split < 2; is_split++) {
        struct network network = { 0 };
        device->info.type = is_split ? TUFF_DEVICE_DISCRETE : TUFF_DEVICE_CPU;
        make_parameters(&network, device);
        make_graph(&network, device, checkpoints);
        cr_expect_eq(count_scratch(network.graph), is_split ? scratch_count : 0);
        results[is_split] = run(&network, device);
    }
    for (int i = 0; i < VALUES + 2 * HIDDEN * WIDTH; i++)
        if (!(fabsf(results[0][i] - results[1][i]) < 1e-4F))
            cr_assert_fail("number %d is %g and %g", i, results[0][i], results[1][i]);
    tuff_free(results[0]);
    tuff_free(results[1]);
    test_device_close(device);
}

/* Four products forward, and the gradients of what each multiplies but the first, of which none is wanted. */
Test(graph_scratch, in_training) {
    compare(false, 4 + 3);
}

/* The first product of either segment runs again. */
Test(graph_scratch, in_training_with_checkpoints) {
    compare(true, 4 + 3 + 2);
}
