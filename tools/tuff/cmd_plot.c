/* SPDX-License-Identifier: Apache-2.0 */
/* tuff plot: metrics.jsonl as SVG, a panel for each curve, one below the other. */
#include "commands.h"
#include "curves.h"
#include "options.h"
#include "output.h"
#include "system.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 760,
    PANEL = 240,
    LEFT = 80,
    RIGHT = 20,
    TOP = 34,
    BOTTOM = 34,
    TICKS = 5,
    SHOWN_POINTS = 1500
};

/* What an axis shows: [least, most], ticks at multiples of the step. */
struct axis {
    double least, most, step;
};

/* The largest of 1, 2, 5 times a power of ten that gives about so many ticks. */
static double nice_step(double range) {
    const double rough = range / TICKS, power = pow(10, floor(log10(rough)));
    const double share = rough / power;
    return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
}

static struct axis make_axis(double least, double most) {
    least = fmax(least, -DBL_MAX / 4); /* the range of what is shown is a number */
    most = fmin(most, DBL_MAX / 4);
    if (!(most > least)) {
        const double room = fabs(least) > DBL_MIN / DBL_EPSILON ? fabs(least) * 0.1 : 1;
        least -= room;
        most += room;
    }
    return (struct axis){ least, most, nice_step(most - least) };
}

static void measure(const struct curve *curve, struct axis *out_x, struct axis *out_y) {
    struct point least = curve->points[0], most = least;
    for (size_t i = 0; i < curve->count; i++) { /* a run that was resumed may go back a few steps */
        least = (struct point){ fmin(least.x, curve->points[i].x), fmin(least.y, curve->points[i].y) };
        most = (struct point){ fmax(most.x, curve->points[i].x), fmax(most.y, curve->points[i].y) };
    }
    *out_x = make_axis(least.x, most.x);
    *out_y = make_axis(least.y, most.y);
}

/* 0 to 1. */
static double place(const struct axis *axis, double value) {
    return (fmin(fmax(value, axis->least), axis->most) - axis->least) / (axis->most - axis->least);
}

static double place_x(const struct axis *axis, double value) {
    return LEFT + place(axis, value) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct axis *axis, double value, size_t panel) {
    return (double)panel * PANEL + PANEL - BOTTOM - place(axis, value) * (PANEL - TOP - BOTTOM);
}

/* Text between tags; what XML would take for its own is left out. */
static void print_name(struct output *output, const char *name) {
    while (*name) {
        const size_t length = strcspn(name, "<>&");
        output_readable(output, name, length);
        name += length + (name[length] != '\0');
    }
}

/* Ticks are counted: of numbers that are large and lie close together a step may change nothing. */
enum { MOST_TICKS = 4 * TICKS };

static void print_grid(struct output *output, const struct axis *x, const struct axis *y, size_t panel) {
    const double bottom = (double)(panel + 1) * PANEL - BOTTOM;
    const double first_y = ceil(y->least / y->step), first_x = ceil(x->least / x->step);
    for (int i = 0; i < MOST_TICKS && (first_y + i) * y->step <= y->most; i++) {
        const double value = (first_y + i) * y->step;
        const double at = place_y(y, value, panel);
        output_print(output,
                     "<path class='g' d='M%d %.1fH%d'/><text x='%d' y='%.1f' text-anchor='end'>%g</text>\n",
                     LEFT, at, WIDTH - RIGHT, LEFT - 6, at + 4, fabs(value) < y->step / 2 ? 0 : value);
    }
    for (int i = 0; i < MOST_TICKS && (first_x + i) * x->step <= x->most; i++) {
        const double value = (first_x + i) * x->step;
        output_print(output, "<text x='%.1f' y='%.1f' text-anchor='middle'>%g</text>\n", place_x(x, value),
                     bottom + 18, fabs(value) < x->step / 2 ? 0 : value);
    }
}

/* Of many points those of every `stride` are drawn as the lowest and the highest, so that no peak is lost. */
static void print_curve(struct output *output, const struct curve *curve, const struct axis *x,
                        const struct axis *y, size_t panel) {
    const size_t stride = 1 + curve->count / SHOWN_POINTS;
    output_text(output, "<polyline points='");
    for (size_t first = 0; first < curve->count; first += stride) {
        struct point low = curve->points[first], high = low;
        for (size_t i = first; i < first + stride && i < curve->count; i++) {
            low = curve->points[i].y < low.y ? curve->points[i] : low;
            high = curve->points[i].y > high.y ? curve->points[i] : high;
        }
        const struct point before = low.x <= high.x ? low : high, after = low.x <= high.x ? high : low;
        output_print(output, "%.1f,%.1f ", place_x(x, before.x), place_y(y, before.y, panel));
        if (stride > 1)
            output_print(output, "%.1f,%.1f ", place_x(x, after.x), place_y(y, after.y, panel));
    }
    output_text(output, "'/>\n");
    if (curve->count < 60)
        for (size_t i = 0; i < curve->count; i++)
            output_print(output, "<circle cx='%.1f' cy='%.1f' r='2.5'/>\n", place_x(x, curve->points[i].x),
                         place_y(y, curve->points[i].y, panel));
}

static void print_panel(struct output *output, const struct curve *curve, size_t panel) {
    struct axis x, y;
    measure(curve, &x, &y);
    output_print(output, "<text class='n' x='%d' y='%zu'>", LEFT, panel * PANEL + TOP - 12);
    print_name(output, curve->name);
    output_text(output, "</text>\n");
    print_grid(output, &x, &y, panel);
    print_curve(output, curve, &x, &y, panel);
}

static void print_curves(struct output *output, const struct curves *curves) {
    output_print(
        output,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%zu' font-family='sans-serif' "
        "font-size='12'>\n<style>.g{stroke:#ddd}.n{font-size:15px;font-weight:bold}polyline{fill:none;"
        "stroke:#2563a8;stroke-width:1.5;stroke-linejoin:round}circle{fill:#2563a8}text{fill:#333}</style>\n"
        "<rect width='100%%' height='100%%' fill='white'/>\n",
        WIDTH, curves->count * PANEL);
    for (size_t i = 0; i < curves->count; i++)
        print_panel(output, &curves->items[i], i);
    output_text(output, "</svg>\n");
}

static int run(const char *path, const char *out) {
    const bool has_folder = system_is_folder(path);
    char *input = has_folder ? print_text("%s/metrics.jsonl", path) : copy_text(path, strlen(path));
    char *place = out ? copy_text(out, strlen(out)) : has_folder ? print_text("%s/metrics.svg", path) : NULL;
    struct curves curves = { 0 };
    int code = EXIT_FAILURE;
    if (curves_read(input, &curves)) {
        struct output *output = NULL;
        if (curves.count == 0)
            complain("%s: has no number to draw", input);
        else
            output = output_open(place);
        if (output) {
            print_curves(output, &curves);
            code = output_close(output, EXIT_SUCCESS);
        }
    }
    curves_free(&curves);
    free(input);
    free(place);
    return code;
}

int tuff_cmd_plot(int argc, char **argv) {
    struct common_options common = { 0 };
    const struct option options[] = {
        { .name = "out",
          .type = OPTION_STRING,
          .value_name = "FILE",
          .target = &common.out,
          .help = "where the picture is written (metrics.svg in DIR; for a file standard output)" },
    };
    const struct command command = {
        .name = "plot",
        .arguments = "DIR",
        .about = "Draws every number of DIR/metrics.jsonl over the steps, as SVG: losses, learning rate, "
                 "metrics. DIR may "
                 "be such a file itself. A line that is malformed is refused, but for a last one that was "
                 "cut off.",
        .example = "tuff plot build/run",
        .options = options,
        .option_count = COUNT(options),
        .minimum_arguments = 1,
        .maximum_arguments = 1,
    };
    struct arguments arguments;
    const int code = options_parse(&command, argc, argv, &arguments);
    if (code != OPTIONS_GO_ON)
        return code;
    return run(arguments.values[0], common.out);
}
