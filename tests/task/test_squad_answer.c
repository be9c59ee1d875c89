/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "task/squad_answer.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const tuff_text context = { "one two three", 13 };
/* [CLS], a question, three words. */
static const tuff_offset offsets[] = { { 0, 0 }, { 0, 0 }, { 0, 3 }, { 4, 7 }, { 8, 13 } };

static void expect_answer(const struct tuff_squad_best *best, bool is_version_2, const char *expected) {
    const tuff_text text = tuff_squad_best_text(best, context, is_version_2, 0);
    cr_expect(text.length == strlen(expected) && memcmp(text.data, expected, text.length) == 0,
              "%.*s, not %s", (int)text.length, text.data, expected);
}

Test(task_squad_answer, the_largest_sum_within_the_context_wins) {
    static const float logits[][10] = {
        /* starts and ends in turn; the question's own are the largest, and end before start is none */
        { 0, 0, 9, 9, 1, 0, 2, 1, 0, 3 },
        { 0, 0, 0, 0, 1, 5, 2, 1, 4, 0 },
        { 7, 7, 0, 0, 3, 0, 0, 0, 0, 3 },
    };
    static const struct {
        size_t window;
        uint32_t n_best, longest;
        const char *expected, *expected_2;
    } rows[] = {
        { 0, 20, 30, "two three", "two three" },
        { 0, 20, 1, "two", "two" },
        { 0, 1, 30, "", "" },
        { 1, 20, 30, "one", "one" },
        { 2, 20, 30, "one two three", "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tuff_squad_search search = { .n_best = rows[i].n_best, .max_answer_tokens = rows[i].longest };
        struct tuff_squad_best best = { 0 };
        cr_assert_eq(tuff_squad_search_window(&search, logits[rows[i].window], offsets, 5, &best), TUFF_OK);
        expect_answer(&best, false, rows[i].expected);
        expect_answer(&best, true, rows[i].expected_2);
        tuff_squad_search_free(&search);
    }
}

Test(task_squad_answer, the_best_of_all_windows_is_kept) {
    static const float weak[] = { 5, 5, 0, 0, 1, 1, 0, 0, 0, 0 };
    static const float strong[] = { 1, 1, 0, 0, 0, 0, 2, 2, 0, 0 };
    struct tuff_squad_search search = { .n_best = 3, .max_answer_tokens = 5 };
    struct tuff_squad_best best = { 0 };
    cr_assert_eq(tuff_squad_search_window(&search, weak, offsets, 5, &best), TUFF_OK);
    cr_assert_eq(tuff_squad_search_window(&search, strong, offsets, 5, &best), TUFF_OK);
    cr_assert_eq(tuff_squad_search_window(&search, weak, offsets, 5, &best), TUFF_OK);
    expect_answer(&best, false, "two");
    /* No answer scores 2, the least of the windows. */
    expect_answer(&best, true, "two");
    tuff_squad_search_free(&search);
}
