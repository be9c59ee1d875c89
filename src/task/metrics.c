/* SPDX-License-Identifier: Apache-2.0 */
#include "task/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

/* ---------------------------------------------------------------- classes */

tuff_status tuff_confusion_create(uint32_t class_count, struct tuff_confusion *out_confusion) {
    *out_confusion = (struct tuff_confusion){ .class_count = class_count };
    return tuff_alloc((size_t)class_count * class_count, sizeof(uint64_t), &out_confusion->counts);
}

void tuff_confusion_free(struct tuff_confusion *confusion) {
    tuff_free(confusion->counts);
    *confusion = (struct tuff_confusion){ 0 };
}

void tuff_confusion_add(struct tuff_confusion *confusion, uint32_t truth, uint32_t predicted) {
    confusion->counts[(size_t)truth * confusion->class_count + predicted]++;
    confusion->total++;
}

static uint64_t count_of(const struct tuff_confusion *confusion, uint32_t truth, uint32_t predicted) {
    return confusion->counts[(size_t)truth * confusion->class_count + predicted];
}

static struct tuff_found found_of(const struct tuff_confusion *confusion, uint32_t class) {
    struct tuff_found found = { .correct = count_of(confusion, class, class) };
    for (uint32_t other = 0; other < confusion->class_count; other++) {
        found.truth += count_of(confusion, class, other);
        found.predicted += count_of(confusion, other, class);
    }
    return found;
}

static double ratio(double part, double whole) {
    return whole > 0 ? part / whole : 0;
}

double tuff_confusion_accuracy(const struct tuff_confusion *confusion) {
    uint64_t correct = 0;
    for (uint32_t class = 0; class < confusion->class_count; class ++)
        correct += count_of(confusion, class, class);
    return ratio((double)correct, (double)confusion->total);
}

double tuff_confusion_f1(const struct tuff_confusion *confusion, uint32_t positive) {
    const struct tuff_found found = found_of(confusion, positive);
    return tuff_found_f1(&found);
}

double tuff_confusion_macro_f1(const struct tuff_confusion *confusion) {
    double sum = 0;
    uint32_t present = 0;
    for (uint32_t class = 0; class < confusion->class_count; class ++) {
        const struct tuff_found found = found_of(confusion, class);
        if (found.truth + found.predicted == 0)
            continue;
        sum += tuff_found_f1(&found);
        present++;
    }
    return ratio(sum, present);
}

double tuff_confusion_matthews(const struct tuff_confusion *confusion) {
    const double total = (double)confusion->total;
    double correct = 0, products = 0, truth_squares = 0, predicted_squares = 0;
    for (uint32_t class = 0; class < confusion->class_count; class ++) {
        const struct tuff_found found = found_of(confusion, class);
        correct += (double)found.correct;
        products += (double)found.truth * (double)found.predicted;
        truth_squares += (double)found.truth * (double)found.truth;
        predicted_squares += (double)found.predicted * (double)found.predicted;
    }
    return ratio(correct * total - products,
                 sqrt(total * total - predicted_squares) * sqrt(total * total - truth_squares));
}

/* ---------------------------------------------------------------- found against wanted */

double tuff_found_precision(const struct tuff_found *found) {
    return ratio((double)found->correct, (double)found->predicted);
}

double tuff_found_recall(const struct tuff_found *found) {
    return ratio((double)found->correct, (double)found->truth);
}

double tuff_found_f1(const struct tuff_found *found) {
    return ratio(2 * (double)found->correct, (double)found->predicted + (double)found->truth);
}

/* ---------------------------------------------------------------- numbers */

double tuff_pearson(const double *a, const double *b, size_t count) {
    double mean_a = 0, mean_b = 0, squares_a = 0, squares_b = 0, products = 0;
    if (count < 2)
        return NAN;
    for (size_t i = 0; i < count; i++) {
        mean_a += a[i] / (double)count;
        mean_b += b[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        products += (a[i] - mean_a) * (b[i] - mean_b);
        squares_a += (a[i] - mean_a) * (a[i] - mean_a);
        squares_b += (b[i] - mean_b) * (b[i] - mean_b);
    }
    if (squares_a <= 0 || squares_b <= 0)
        return NAN;
    return products / (sqrt(squares_a) * sqrt(squares_b));
}

struct ranked {
    double value;
    size_t index;
};

static int compare_values(const void *a, const void *b) {
    const struct ranked *left = a, *right = b;
    return (left->value > right->value) - (left->value < right->value);
}

static tuff_status rank(const double *values, size_t count, double *out_ranks) {
    struct ranked *sorted = NULL;
    TUFF_TRY(tuff_alloc(count, sizeof *sorted, &sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct ranked){ values[i], i };
    qsort(sorted, count, sizeof *sorted, compare_values);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && sorted[end].value <= sorted[first].value;)
            end++;
        for (size_t i = first; i < end; i++)
            out_ranks[sorted[i].index] = (double)(first + end - 1) / 2;
    }
    tuff_free(sorted);
    return TUFF_OK;
}

tuff_status tuff_spearman(const double *a, const double *b, size_t count, double *out_correlation) {
    double *ranks = NULL;
    tuff_status status = TUFF_OK;
    TUFF_TRY(tuff_alloc(count, 2 * sizeof *ranks, &ranks));
    TUFF_TRY_GOTO(rank(a, count, ranks));
    TUFF_TRY_GOTO(rank(b, count, ranks + count));
    *out_correlation = tuff_pearson(ranks, ranks + count, count);
done:
    tuff_free(ranks);
    return status;
}

double tuff_mean_squared_error(const double *a, const double *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return ratio(sum, (double)count);
}
