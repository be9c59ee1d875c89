/* SPDX-License-Identifier: Apache-2.0 */
/* Expected values were computed by hand, or with a few lines of Python after the official definitions. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "task/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static tuff_text text_of(const char *text) {
    return (tuff_text){ text, strlen(text) };
}

static void expect_number(const char *what, double value, double expected) {
    cr_expect(fabs(value - expected) < 1e-12, "%s: %.15g, not %.15g", what, value, expected);
}

static void fill(struct tuff_confusion *confusion, uint32_t class_count, const char *truth,
                 const char *predicted) {
    cr_assert_eq(tuff_confusion_create(class_count, confusion), TUFF_OK);
    for (size_t i = 0; truth[i]; i++)
        tuff_confusion_add(confusion, (uint32_t)(truth[i] - '0'), (uint32_t)(predicted[i] - '0'));
}

Test(task_metrics, classes) {
    struct tuff_confusion confusion;
    fill(&confusion, 3, "00122210", "01120220");
    expect_number("accuracy", tuff_confusion_accuracy(&confusion), 0.625);
    expect_number("F1 of 1", tuff_confusion_f1(&confusion, 1), 0.5);
    expect_number("macro F1", tuff_confusion_macro_f1(&confusion), (2.0 / 3 + 0.5 + 2.0 / 3) / 3);
    expect_number("Matthews", tuff_confusion_matthews(&confusion), 18.0 / 42);
    tuff_confusion_free(&confusion);
}

Test(task_metrics, two_classes) {
    struct tuff_confusion confusion;
    fill(&confusion, 2, "1111100000", "1110011100");
    /* TP 3, FN 2, FP 3, TN 2 */
    expect_number("F1", tuff_confusion_f1(&confusion, 1), 6.0 / 11);
    expect_number("Matthews", tuff_confusion_matthews(&confusion), (3.0 * 2 - 3.0 * 2) / 25);
    tuff_confusion_free(&confusion);
    fill(&confusion, 2, "1100", "0000");
    expect_number("F1", tuff_confusion_f1(&confusion, 1), 0);
    expect_number("Matthews", tuff_confusion_matthews(&confusion), 0);
    tuff_confusion_free(&confusion);
    fill(&confusion, 2, "", "");
    expect_number("accuracy", tuff_confusion_accuracy(&confusion), 0);
    expect_number("macro F1", tuff_confusion_macro_f1(&confusion), 0);
    tuff_confusion_free(&confusion);
}

Test(task_metrics, correlations) {
    const double a[] = { 1, 2, 2, 5, 3.5 }, b[] = { 0.5, 4, 1, 3, 3 };
    const double same[] = { 7, 7, 7, 7, 7 };
    double correlation = 0;
    expect_number("Pearson", tuff_pearson(a, b, COUNT(a)), 0.5330289841642608);
    cr_assert_eq(tuff_spearman(a, b, COUNT(a), &correlation), TUFF_OK);
    expect_number("Spearman", correlation, 0.5263157894736842);
    cr_expect(isnan(tuff_pearson(a, same, COUNT(a))));
    cr_assert_eq(tuff_spearman(same, b, COUNT(a), &correlation), TUFF_OK);
    cr_expect(isnan(correlation));
    cr_expect(isnan(tuff_pearson(a, b, 1)));
    expect_number("squared error", tuff_mean_squared_error(a, b, COUNT(a)), (0.25 + 4 + 1 + 4 + 0.25) / 5);
}

Test(task_metrics, entities_are_what_conlleval_sees) {
    static const struct {
        const char *truth[8], *predicted[8];
        uint64_t correct, predicted_count, true_count;
    } rows[] = {
        { { "B-a", "I-a", "O", "B-b" }, { "B-a", "I-a", "O", "B-b" }, 2, 2, 2 },
        { { "B-a", "I-a", "O", "B-b" }, { "B-a", "O", "O", "B-a" }, 0, 2, 2 },
        /* An I alone begins an entity, and so does one of another type. */
        { { "I-a", "I-a", "I-b", "O" }, { "B-a", "I-a", "B-b", "O" }, 2, 2, 2 },
        { { "B-a", "B-a", "O", "O" }, { "B-a", "I-a", "O", "O" }, 0, 1, 2 },
        /* Types keep their dashes. */
        { { "B-creative-work", "I-creative-work" }, { "B-creative-work", "I-creative" }, 0, 2, 1 },
        { { "S-a", "B-b", "E-b", "E-b" }, { "B-a", "B-b", "I-b", "B-b" }, 3, 3, 3 },
        { { "O", "O" }, { "O", "B-a" }, 0, 1, 0 },
        { { NULL }, { NULL }, 0, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tuff_found found = { 0 };
        size_t count = 0;
        while (count < 8 && rows[i].truth[count])
            count++;
        tuff_found_add_tags(&found, rows[i].truth, rows[i].predicted, count);
        cr_expect(found.correct == rows[i].correct && found.predicted == rows[i].predicted_count &&
                      found.truth == rows[i].true_count,
                  "row %zu: %d correct, %d predicted, %d true", i, (int)found.correct, (int)found.predicted,
                  (int)found.truth);
    }
    const struct tuff_found found = { 2, 3, 5 }, none = { 0, 0, 4 };
    expect_number("precision", tuff_found_precision(&found), 2.0 / 3);
    expect_number("recall", tuff_found_recall(&found), 0.4);
    expect_number("F1", tuff_found_f1(&found), 0.5);
    expect_number("nothing predicted", tuff_found_precision(&none) + tuff_found_f1(&none), 0);
}

Test(task_metrics, answers_are_normalised_as_squad_does) {
    static const char *const rows[][2] = {
        { "The  Cat, an A-hat.", "cat ahat" },
        { "a the an", "" },
        { "  (a)b\tTheory\xc2\xa0the", "ab theory" },
        { "\xc4\xb0stanbul \xe2\x80\x94"
          "a\xe2\x80\x94 x",
          "i\xcc\x87stanbul \xe2\x80\x94 \xe2\x80\x94 x" },
        { "it's U.S. the2", "its us the2" },
        { "\xc3\x84 an\xc3\xa9 AN", "\xc3\xa4 an\xc3\xa9" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = NULL;
        cr_assert_eq(tuff_squad_normalize(text_of(rows[i][0]), &text), TUFF_OK);
        cr_expect_str_eq(text, rows[i][1], "'%s': '%s'", rows[i][0], text);
        tuff_free(text);
    }
}

Test(task_metrics, squad_takes_the_best_answer) {
    struct tuff_squad_scores scores = { 0 };
    const tuff_text answers[] = { text_of("dog"), text_of("cat on the on hat") };
    const tuff_text article[] = { text_of("the") };
    cr_assert_eq(tuff_squad_add(&scores, text_of("the cat sat on on mat"), answers, 2, false), TUFF_OK);
    expect_number("F1", scores.all.f1, 6.0 / 9);
    expect_number("exact", scores.all.exact, 0);
    cr_assert_eq(tuff_squad_add(&scores, text_of("A dog!"), answers, 2, false), TUFF_OK);
    expect_number("F1", scores.all.f1, 1 + 6.0 / 9);
    expect_number("exact", scores.all.exact, 1);
    /* Version 1.1 finds no common word in two empty texts, though they are equal. */
    cr_assert_eq(tuff_squad_add(&scores, text_of(""), article, 1, false), TUFF_OK);
    expect_number("F1", scores.all.f1, 1 + 6.0 / 9);
    expect_number("exact", scores.all.exact, 2);
}

Test(task_metrics, squad_2_knows_questions_without_answer) {
    struct tuff_squad_scores scores = { 0 };
    const tuff_text answers[] = { text_of("the"), text_of("dog") };
    cr_assert_eq(tuff_squad_add(&scores, text_of(""), NULL, 0, true), TUFF_OK);
    cr_assert_eq(tuff_squad_add(&scores, text_of("cat"), NULL, 0, true), TUFF_OK);
    cr_assert_eq(tuff_squad_add(&scores, text_of(""), answers, 2, true), TUFF_OK);
    cr_assert_eq(tuff_squad_add(&scores, text_of("dog"), answers, 2, true), TUFF_OK);
    cr_expect(scores.all.count == 4 && scores.has_answer.count == 2 && scores.no_answer.count == 2);
    expect_number("no answer", scores.no_answer.exact + scores.no_answer.f1, 2);
    expect_number("answer", scores.has_answer.exact + scores.has_answer.f1, 2);
    expect_number("all", scores.all.f1, 2);
}

/* sklearn.metrics.average_precision_score([1, 0, 1, 1, 0, 0], [0.9, 0.9, 0.8, 0.2, 0.5, 0.1]) */
Test(task_metrics, rankings_are_scored) {
    struct tuff_ranked ranked[] = {
        { text_of("a"), 0.9, true }, { text_of("b"), 0.9, false }, { text_of("b"), 0.8, true },
        { text_of("c"), 0.2, true }, { text_of("c"), 0.5, false }, { text_of("d"), 0.1, false },
    };
    expect_number("average precision", tuff_average_precision(ranked, 6), (0.5 + 2.0 / 3 + 0.6) / 3);
    expect_number("reciprocal rank", tuff_reciprocal_rank(ranked, 6), (1 + 0.5 + 0.5) / 3);
    cr_expect(isnan(tuff_average_precision(&ranked[5], 0)));
}
