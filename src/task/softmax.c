/* SPDX-License-Identifier: Apache-2.0 */
#include "task/softmax.h"

#include <math.h>

void tuff_softmax(float *values, size_t count) {
    double sum = 0.0;
    float largest = count > 0 ? values[0] : 0.0f;
    for (size_t i = 1; i < count; i++)
        largest = values[i] > largest ? values[i] : largest;
    for (size_t i = 0; i < count; i++)
        sum += exp((double)values[i] - (double)largest);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(exp((double)values[i] - (double)largest) / sum);
}
