/* SPDX-License-Identifier: Apache-2.0 */
/* Entities from tags: where conlleval sees one begin and end. */
#include <string.h>

#include "task/metrics.h"

/* "B-PER" in two. */
struct tag {
    char mark; /* B, I, E, S or O */
    const char *type;
};

static const struct tag outside = { 'O', "" };

static struct tag read_tag(const char *text) {
    if (strcmp(text, "O") == 0 || text[0] == '\0')
        return outside;
    return (struct tag){ text[0], text[1] == '-' ? text + 2 : text + 1 };
}

static bool is_one_of(char mark, const char *marks) {
    return strchr(marks, mark) != NULL;
}

static bool has_other_type(const struct tag *a, const struct tag *b) {
    return strcmp(a->type, b->type) != 0;
}

static bool ends_between(const struct tag *before, const struct tag *now) {
    if (before->mark == 'O')
        return false;
    return is_one_of(before->mark, "ES") || (is_one_of(before->mark, "BI") && is_one_of(now->mark, "BSO")) ||
           has_other_type(before, now);
}

static bool begins_at(const struct tag *before, const struct tag *now) {
    if (now->mark == 'O')
        return false;
    return is_one_of(now->mark, "BS") || (is_one_of(before->mark, "ESO") && is_one_of(now->mark, "EI")) ||
           has_other_type(before, now);
}

/* One side of the comparison, walked tag by tag. */
struct walk {
    struct tag before;
    bool is_inside;
    size_t start;
};

/* An entity that a step has ended: from its start to before the step's place. */
struct ended {
    bool is_there;
    size_t start;
    const char *type;
};

static struct ended step(struct walk *walk, size_t place, struct tag now, uint64_t *inout_begun) {
    struct ended ended = { walk->is_inside && ends_between(&walk->before, &now), walk->start,
                           walk->before.type };
    if (ended.is_there)
        walk->is_inside = false;
    if (begins_at(&walk->before, &now)) {
        walk->is_inside = true;
        walk->start = place;
        ++*inout_begun;
    }
    walk->before = now;
    return ended;
}

void tuff_found_add_tags(struct tuff_found *found, const char *const *truth, const char *const *predicted,
                         size_t count) {
    struct walk true_walk = { .before = outside };
    struct walk predicted_walk = { .before = outside };
    for (size_t i = 0; i <= count; i++) {
        const struct ended a = step(&true_walk, i, i < count ? read_tag(truth[i]) : outside, &found->truth);
        const struct ended b =
            step(&predicted_walk, i, i < count ? read_tag(predicted[i]) : outside, &found->predicted);
        found->correct += a.is_there && b.is_there && a.start == b.start && strcmp(a.type, b.type) == 0;
    }
}
