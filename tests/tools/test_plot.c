/* SPDX-License-Identifier: Apache-2.0 */
/* tuff plot on curves that leave an axis nothing to span. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "support/command.h"
#include "support/folder.h"

TestSuite(tools_plot, .init = test_folder_enter, .fini = test_folder_leave);

static const char *plot(const char *metrics) {
    test_write(".", "metrics.jsonl", metrics);
    struct test_command run = test_command("tuff plot metrics.jsonl --out metrics.svg");
    cr_assert_eq(run.code, 0, "%s: %s", metrics, run.err);
    return test_read("metrics.svg", NULL);
}

static size_t count(const char *text, const char *part) {
    size_t found = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        found++;
    return found;
}

/* Ticks of the one panel: on its left, and below it. */
static size_t rows(const char *picture) {
    return count(picture, "text-anchor='end'>");
}

static size_t columns(const char *picture) {
    return count(picture, "text-anchor='middle'>");
}

Test(tools_plot, a_flat_curve_has_ticks_about_its_value) {
    const char *picture =
        plot("{\"step\":0,\"loss\":5}\n{\"step\":10,\"loss\":5}\n{\"step\":20,\"loss\":5}\n");
    static const char *const ticks[] = { ">4.6<", ">4.8<", ">5<", ">5.2<", ">5.4<" };
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++)
        cr_expect_eq(count(picture, ticks[i]), i == 2 ? 2 : 1, "%s: %s", ticks[i],
                     picture); /* 5 is a step too */
    cr_expect_eq(rows(picture), 5, "%s", picture);
    cr_expect_eq(columns(picture), 5, "%s", picture); /* 0, 5, ... 20 */
    cr_expect_eq(count(picture, "<circle"), 3);
}

/* Whatever the numbers, every place in the picture is a number and the ticks are few. */
Test(tools_plot, degenerate_curves_are_drawn) {
    static const char *const metrics[] = {
        "{\"step\":7,\"loss\":3}\n", /* a point */
        "{\"step\":0,\"loss\":0}\n{\"step\":0,\"loss\":0}\n",
        "{\"step\":1,\"loss\":-2e-300}\n{\"step\":2,\"loss\":-2e-300}\n",
        "{\"step\":1,\"loss\":5e-324}\n{\"step\":2,\"loss\":5e-324}\n",
        "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":1.0000000000000002}\n", /* neighbours */
        "{\"step\":1e15,\"loss\":1e300}\n{\"step\":1e15,\"loss\":1e300}\n",
        "{\"step\":1,\"loss\":-1.7e308}\n{\"step\":2,\"loss\":1.7e308}\n", /* a range that is no number */
        "{\"step\":3,\"loss\":1}\n{\"step\":2,\"loss\":2}\n",              /* back in time */
    };
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        const char *picture = plot(metrics[i]);
        double x, y; /* of the last point, which is in the panel */
        const char *circle = strstr(picture, "<circle"), *next = circle;
        for (; next; next = strstr(circle + 1, "<circle"))
            circle = next;
        cr_assert_eq(sscanf(circle, "<circle cx='%lf' cy='%lf'", &x, &y), 2, "%s", picture);
        cr_expect(x >= 80 && x <= 740 && y >= 34 && y <= 206, "%s: %s", metrics[i], picture);
        cr_expect_eq(count(picture, "nan"), 0, "%s: %s", metrics[i], picture);
        cr_expect_eq(count(picture, "inf"), 0, "%s: %s", metrics[i], picture);
        cr_expect(rows(picture) >= 1 && rows(picture) <= 20, "%s: %s", metrics[i], picture);
        cr_expect(columns(picture) >= 1 && columns(picture) <= 20, "%s: %s", metrics[i], picture);
    }
}
