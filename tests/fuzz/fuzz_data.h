/* SPDX-License-Identifier: Apache-2.0 */
/* A labelled file of any bytes is refused or read; what the examples point to can be read to its end. */
#ifndef TUFF_TESTS_FUZZ_DATA_H
#define TUFF_TESTS_FUZZ_DATA_H

#include "fuzz.h"
#include "task/dataset.h"

static size_t fuzz_sum(tuff_text text) {
    size_t sum = 0;
    for (size_t i = 0; i < text.length; i++)
        sum += (unsigned char)text.data[i];
    return sum;
}

static size_t fuzz_sum_of(const struct tuff_dataset *dataset) {
    size_t sum = dataset->labels.count;
    for (size_t i = 0; i < dataset->count; i++) {
        const struct tuff_example *example = &dataset->examples[i];
        for (uint32_t t = 0; t < example->text_count; t++)
            sum += fuzz_sum(example->texts[t]);
        for (uint32_t l = 0; l < example->label_count; l++)
            sum += (size_t)example->labels[l];
        for (uint32_t a = 0; a < example->answer_count; a++)
            sum += fuzz_sum(example->answers[a].text) + example->answers[a].start;
        sum += example->id.data ? fuzz_sum(example->id) : 0;
    }
    return sum;
}

/* Every kind of example that the format may hold, strict and lenient. */
static inline int fuzz_data(enum tuff_dataset_format format, const uint8_t *data, size_t size) {
    static volatile size_t sink;
    (void)sink; /* read, so that every compiler keeps it */
    const char *path = fuzz_file("data", data, size);
    for (int kind = TUFF_DATASET_CLASS; kind <= TUFF_DATASET_SIMILAR; kind++)
        for (int is_lenient = 0; is_lenient < 2; is_lenient++) {
            struct tuff_dataset dataset = { 0 };
            const struct tuff_dataset_options options = {
                .kind = (enum tuff_dataset_kind)kind,
                .format = format,
                .skips_bad = is_lenient != 0,
                .is_unlabelled = is_lenient != 0 && size % 2 == 0,
            };
            if (tuff_dataset_read(path, &options, &dataset) == TUFF_OK)
                sink += fuzz_sum_of(&dataset);
            tuff_dataset_free(&dataset);
        }
    return 0;
}

#endif
