/* SPDX-License-Identifier: Apache-2.0 */
#include "decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten that a double holds exactly, so that a quotient by one is rounded once. */
static const double powers[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13 };

enum { MOST_DIGITS = 9 };

/* Whether digits / 10^places reads back as `number`. Rounding to double first could go wrong only where that
 * lands halfway between two floats: such a candidate is turned down. */
static bool reads_back(uint32_t digits, int places, float number) {
    double value = (double)digits / powers[places];
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    bool is_halfway = (bits & 0x1FFFFFFF) == 0x10000000;
    return !is_halfway && (float)value == number;
}

/* Finds the fewest digits, `places` of them behind the point. False: none was found. */
static bool shorten(float number, uint32_t *out_digits, int *out_places) {
    int places = MOST_DIGITS;
    while (places > 0 && (double)number * powers[places] >= 1e9)
        places--;
    while ((double)number * powers[places] < 1e8)
        places++;
    bool is_found = false;
    for (; places >= 0; places--) {
        uint32_t digits = (uint32_t)((double)number * powers[places] + 0.5);
        if (!reads_back(digits, places, number))
            break;
        *out_digits = digits;
        *out_places = places;
        is_found = true;
    }
    return is_found;
}

/* Figures from the last to the first, with the point where it belongs and a zero before it. */
static size_t place_point(uint32_t digits, int places, char *text) {
    char figures[DECIMAL_SIZE];
    size_t start = sizeof(figures);
    for (int place = 0; digits > 0 || place <= places; place++) {
        if (place == places && places > 0)
            figures[--start] = '.';
        figures[--start] = (char)('0' + digits % 10);
        digits /= 10;
    }
    memcpy(text, figures + start, sizeof(figures) - start);
    return sizeof(figures) - start;
}

static size_t print_slowly(float number, char *text) {
    int length = 0;
    for (int digits = 1; digits <= MOST_DIGITS; digits++) {
        length = snprintf(text, DECIMAL_SIZE, "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number)
            break;
    }
    return (size_t)length;
}

size_t decimal_print(float number, char text[DECIMAL_SIZE]) {
    float size = fabsf(number);
    size_t sign = signbit(number) ? 1 : 0;
    uint32_t digits = 0;
    int places = 0;
    text[0] = '-';
    if (size == 0.0F) {
        text[sign] = '0';
        return sign + 1;
    }
    if (size >= 1e-4F && size < 1e8F && shorten(size, &digits, &places))
        return sign + place_point(digits, places, text + sign);
    return print_slowly(number, text);
}
