/* SPDX-License-Identifier: Apache-2.0 */
#include "task/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_score(const void *left, const void *right) {
    const struct tuff_ranked *a = left;
    const struct tuff_ranked *b = right;
    return (a->score < b->score) - (a->score > b->score);
}

static int by_group_and_score(const void *left, const void *right) {
    const struct tuff_ranked *a = left;
    const struct tuff_ranked *b = right;
    if (a->group.length != b->group.length)
        return a->group.length < b->group.length ? -1 : 1;
    int order = a->group.length ? memcmp(a->group.data, b->group.data, a->group.length) : 0;
    return order ? order : by_score(left, right);
}

double tuff_average_precision(struct tuff_ranked *inout_ranked, size_t count) {
    size_t relevant = 0, found = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        relevant += inout_ranked[i].is_relevant;
    if (relevant == 0)
        return NAN;
    qsort(inout_ranked, count, sizeof *inout_ranked, by_score);
    for (size_t i = 0; i < count;) { /* equal scores enter together */
        const double score = inout_ranked[i].score;
        size_t before = found;
        for (; i < count && inout_ranked[i].score == score; i++)
            found += inout_ranked[i].is_relevant;
        sum += (double)(found - before) * (double)found / (double)i;
    }
    return sum / (double)relevant;
}

double tuff_reciprocal_rank(struct tuff_ranked *inout_ranked, size_t count) {
    size_t groups = 0;
    double sum = 0;
    qsort(inout_ranked, count, sizeof *inout_ranked, by_group_and_score);
    for (size_t i = 0; i < count;) {
        const tuff_text group = inout_ranked[i].group;
        size_t rank = 0, others = 0;
        for (; i < count && inout_ranked[i].group.length == group.length &&
               (group.length == 0 || memcmp(inout_ranked[i].group.data, group.data, group.length) == 0);
             i++) {
            others++;
            if (rank == 0 && inout_ranked[i].is_relevant)
                rank = others;
        }
        groups += rank > 0;
        sum += rank > 0 ? 1 / (double)rank : 0;
    }
    return groups > 0 ? sum / (double)groups : NAN;
}
