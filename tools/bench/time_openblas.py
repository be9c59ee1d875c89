# SPDX-License-Identifier: Apache-2.0
"""Times numpy's multiplication of two f32 matrices of 4096 x 4096: time_openblas.py REPEATS."""

import json
import sys
import time

import numpy

SIZE = 4096

a = numpy.random.default_rng(1).standard_normal((SIZE, SIZE), dtype=numpy.float32)
a @ a
times = []
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    a @ a
    times.append(1000 * (time.perf_counter() - start))
print(json.dumps({"peer": "OpenBLAS", "version": f"numpy {numpy.__version__}", "model": "sgemm", "shape": f"{SIZE}x{SIZE}x{SIZE}",
                  "dtype": "f32", "ms": times}), flush=True)
