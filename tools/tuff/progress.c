/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"
#include "system.h"

#include <stdio.h>
#include <string.h>

static struct {
    const char *noun;
    size_t total;
    double started;
    double drawn;
    bool is_on;
    bool is_visible;
} bar;

void progress_start(const char *noun, size_t total, bool quiet) {
    progress_stop();
    bar.noun = noun;
    bar.total = total;
    bar.started = system_seconds();
    bar.drawn = bar.started;
    bar.is_on = !quiet && system_is_terminal(STANDARD_ERROR);
}

static void draw(size_t done, double rate) {
    if (bar.total == 0) {
        fprintf(stderr, "\r%zu %s, %.0f/s\033[K", done, bar.noun, rate);
        return;
    }
    enum { WIDTH = 30 };
    size_t filled = (size_t)((double)WIDTH * (double)done / (double)bar.total);
    char cells[WIDTH + 1];
    memset(cells, '.', WIDTH);
    memset(cells, '#', filled < WIDTH ? filled : WIDTH);
    cells[WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %zu of %zu %s, %.0f/s\033[K", cells, done, bar.total, bar.noun, rate);
}

void progress_show(size_t done) {
    if (!bar.is_on)
        return;
    double time = system_seconds();
    if (time - bar.started < 1.0 || (bar.is_visible && time - bar.drawn < 0.1))
        return;
    draw(done, (double)done / (time - bar.started));
    fflush(stderr);
    bar.drawn = time;
    bar.is_visible = true;
}

void progress_wipe(void) {
    if (!bar.is_visible)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    bar.is_visible = false;
}

void progress_stop(void) {
    progress_wipe();
    bar.is_on = false;
}
