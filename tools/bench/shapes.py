# SPDX-License-Identifier: Apache-2.0
"""Sizes of the models that are measured, and their random weights: values do not change the time."""

import numpy

SHAPES = {
    "base": {"layers": 12, "hidden": 768, "heads": 12, "intermediate": 3072},
    "minilm": {"layers": 6, "hidden": 384, "heads": 12, "intermediate": 1536},
}
VOCABULARY, POSITIONS = 30522, 512

random = numpy.random.default_rng(1)


def weights(*shape):
    return random.standard_normal(shape, dtype=numpy.float32) * 0.02


def ones(size):
    return numpy.ones(size, dtype=numpy.float32)
