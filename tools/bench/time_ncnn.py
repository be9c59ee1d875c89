# SPDX-License-Identifier: Apache-2.0
"""Times a BERT of random f32 weights in ncnn's Vulkan back end, from summed embeddings on, at (1,128):

    time_ncnn.py base|minilm REPEATS

Prints a JSON line with every run's milliseconds."""

import json
import sys
import tempfile
import time

import ncnn
import numpy

from shapes import SHAPES, ones, weights

LENGTH = 128


class Net:
    """ncnn's two files: a line of text for each layer, and the weights one after another."""

    def __init__(self):
        self.lines, self.data, self.blobs = [], [], 0

    def blob(self):
        self.blobs += 1
        return f"blob{self.blobs}"

    def layer(self, kind, inputs, outputs=1, parameters="", data=()):
        names = [self.blob() for _ in range(outputs)]
        self.lines.append(f"{kind} layer{len(self.lines)} {len(inputs)} {outputs} {' '.join(inputs + names)} {parameters}")
        self.data += data
        return names[0] if outputs == 1 else names

    def linear(self, x, outputs, inputs):
        return self.layer("Gemm", [x], 1, f"2=0 3=1 4=0 5=1 6=1 7=0 8={outputs} 9={inputs} 10=4",
                          [TAG, weights(outputs, inputs), TAG, weights(outputs)])

    def norm(self, x, size):
        return self.layer("LayerNorm", [x], 1, f"0={size} 1=1e-12", [ones(size), weights(size)])

    def add(self, x, y):
        return self.layer("BinaryOp", [x, y], 1, "0=0")


TAG = numpy.zeros(1, dtype=numpy.uint32)  # before weights: f32


def attention(net, x, hidden, heads):
    parts = []
    for _ in range(4):
        parts += [TAG, weights(hidden, hidden), weights(hidden)]
    return net.layer("MultiHeadAttention", [x], 1, f"0={hidden} 1={heads} 2={hidden * hidden}", parts)


def build(shape):
    net = Net()
    hidden, intermediate = shape["hidden"], shape["intermediate"]
    x = net.norm(net.layer("Input", [], 1, f"0={hidden} 1={LENGTH}"), hidden)
    for _ in range(shape["layers"]):
        kept, x = net.layer("Split", [x], 2)
        x = net.norm(net.add(attention(net, x, hidden, shape["heads"]), kept), hidden)
        kept, x = net.layer("Split", [x], 2)
        x = net.layer("GELU", [net.linear(x, intermediate, hidden)])
        x = net.norm(net.add(net.linear(x, hidden, intermediate), kept), hidden)
    return net, x


def load(net, folder):
    with open(f"{folder}/net.param", "w") as file:
        print(7767517, f"{len(net.lines)} {net.blobs}", *net.lines, sep="\n", file=file)
    with open(f"{folder}/net.bin", "wb") as file:
        for part in net.data:
            file.write(part.tobytes())
    loaded = ncnn.Net()
    loaded.opt.use_vulkan_compute = True
    loaded.opt.use_fp16_packed = loaded.opt.use_fp16_storage = loaded.opt.use_fp16_arithmetic = False
    loaded.opt.num_threads = 2
    loaded.load_param(f"{folder}/net.param")
    loaded.load_model(f"{folder}/net.bin")
    return loaded


def main():
    shape, repeats = SHAPES[sys.argv[1]], int(sys.argv[2])
    net, last = build(shape)
    x = weights(LENGTH, shape["hidden"])
    times = []
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(net, folder)
    for _ in range(repeats + 1):
        start = time.perf_counter()
        extractor = loaded.create_extractor()
        extractor.input("blob1", ncnn.Mat(x))
        _, y = extractor.extract(last)
        result = numpy.array(y)
        times.append(1000 * (time.perf_counter() - start))
    if result.shape != x.shape or not numpy.isfinite(result).all() or abs(result.std() - 1) > 0.1:
        sys.exit("ncnn: the result is no layer's norm")
    print(json.dumps({"peer": "ncnn", "version": ncnn.__version__, "device": ncnn.get_gpu_info(0).device_name(),
                      "model": sys.argv[1], "shape": f"1x{LENGTH}", "dtype": "f32", "ms": times[1:]}), flush=True)


main()
