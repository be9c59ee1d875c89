#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what tuff has promised of itself on a CPU driver with two cores, and holds each figure against its limit:

    limits.py [--tuff WORDS] [--model MINILM] [--tiny CLASSIFIER] [--only NAME ...]

start      seconds from the start of `tuff embed` to its end, one sentence, with pipelines kept: median of nine, at most 0.5
memory     the most that `tuff embed` holds over 20,000 lines, at most 1.5 times the weights and 300 MiB
tokenizer  megabytes of text a second on one core, at least 1
stream     100,000 lines through `tuff classify`: growth after the first 10,000, below 1 MiB, and the share of the speed that
           `tuff bench` has for such lines, at least 0.8
ragged     256 sentences of 8 to 128 tokens beside as many tokens in equal lengths, at most 1.1
step       a training step beside its forward pass: MiniLM at most 3.6, BERT-Base 3.3, at (8, 128)
large      BERT-Base and BERT-Large at (8, 512), of random weights, end

Wants a quiet machine. In the vendor lab: tools/vendor-lab run lavapipe python3 tools/bench/limits.py --tuff build/lab/tuff,
so that the way into the lab is not timed. Exit code 1: a limit is not kept. The speed of a shared machine wanders: repeat
what is close."""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SENTENCE = "The river carries water from the mountains down to the sea, and boats carry people and their bread."
SHORT = "The river carries boats"  # fits the positions of tiny models
LINES = 100_000


def run(words, **how):
    done = subprocess.run([*options.tuff, *map(str, words)], capture_output=True, text=True, **how)
    if done.returncode != 0:
        sys.exit(f"limits: {shlex.join(map(str, words))}: {done.stderr[-2000:]}")
    return done.stdout


def bench(*words):
    return [json.loads(line) for line in run(["bench", *words, "--dtype", "f32", "--no-check", "--json", "--quiet"]).splitlines()]


def write_lines(folder, text, count):
    path = pathlib.Path(folder) / "lines.txt"
    path.write_text("".join(f"{text} {i}\n" for i in range(count)))
    return path


def status_of(pid, name):
    """A figure of /proc in bytes; None where the process is gone."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(name + ":")]
    return int(found[0]) * 1024 if found else None


def start(folder):
    words = ["embed", "--model", options.model, SENTENCE, "--quiet"]
    times = []
    for turn in range(10):
        begin = time.perf_counter()
        run(words)
        times += [time.perf_counter() - begin] if turn > 0 else []
    yield "start, s", statistics.median(times), 0.5, f"{min(times):.3f} to {max(times):.3f}"


def memory(folder):
    weights = sum(path.stat().st_size for path in options.model.glob("*.safetensors"))
    out = pathlib.Path(folder) / "vectors.npy"
    process = subprocess.Popen([*options.tuff, "embed", "--model", str(options.model), "--dtype", "f32", "--file",
                                str(write_lines(folder, SENTENCE, 20_000)), "--out", str(out), "--quiet"])
    _, code, usage = os.wait4(process.pid, 0)
    if code != 0:
        sys.exit("limits: tuff embed failed")
    yield "memory, MiB", usage.ru_maxrss / 1024, (1.5 * weights) / 2**20 + 300, f"weights of {weights / 2**20:.0f} MiB"


def tokenizer(folder):
    path = write_lines(folder, SENTENCE, LINES)
    one_core = {"preexec_fn": lambda: os.sched_setaffinity(0, {0})}
    begin = time.perf_counter()
    run(["tokenize", "--model", options.model, "--file", path, "--out", os.devnull, "--quiet"], **one_core)
    seconds = time.perf_counter() - begin
    yield "tokenizer, s a MB", seconds / (path.stat().st_size / 1e6), 1.0, f"{path.stat().st_size / 1e6 / seconds:.1f} MB/s"


def classify(folder):
    """Seconds, and what the process holds of its own from a tenth of its time on."""
    words = ["classify", "--model", str(options.tiny), "--dtype", "f32", "--json", "--out", os.devnull, "--quiet", "--file",
             str(write_lines(folder, SHORT, LINES))]
    begin = time.perf_counter()
    process = subprocess.Popen([*options.tuff, *words])
    held = []
    while process.poll() is None:
        held.append((time.perf_counter() - begin, status_of(process.pid, "RssAnon")))
        time.sleep(0.2)
    if process.returncode != 0:
        sys.exit("limits: tuff classify failed")
    seconds = time.perf_counter() - begin
    return seconds, [own for when, own in held[:-1] if own and when >= seconds / 10]


def stream(folder):
    record = json.dumps({"text": f"{SHORT} {LINES // 2}"})
    length = len(json.loads(run(["tokenize", "--model", options.tiny, "--json"], input=record))["input_ids"])
    rates, shares = [], []
    for _ in range(2):
        rows = bench("--model", options.tiny, "--batch", 64, "--length", length, "--repeat", 40)
        seconds, held = classify(folder)
        rates.append(LINES / seconds)
        shares.append(rates[-1] / rows[0]["sentences_per_second"])
    growth = (max(held) - held[0]) / 2**20
    yield "stream, MiB grown", growth, 1.0, f"{held[-1] / 2**20:.1f} MiB at the end"
    yield "stream, bench's speed by ours", 1 / max(shares), 1.25, f"{length} tokens a line, {max(rates):.0f} lines/s"


def ragged(folder):
    mixed, equal = bench("--shape", "minilm", "--ragged", "--repeat", 5)
    yield "ragged", mixed["ms_median"] / equal["ms_median"], 1.1, f"{mixed['ms_median']:.0f} and {equal['ms_median']:.0f} ms"


def step(folder):
    for shape, repeats, limit in (("minilm", 12, 3.6), ("base", 5, 3.3)):
        training, loss = bench("--shape", shape, "--batch", 8, "--train", "--repeat", repeats)
        yield (f"step, {shape}", training["ms_median"] / loss["ms_median"], limit,
               f"{training['ms_median']:.0f} and {loss['ms_median']:.0f} ms")


def large(folder):
    for row in bench("--shape", "base,large", "--batch", 8, "--length", 512, "--repeat", 1):
        yield f"{row['model']} (8, 512), s", row["ms_median"] / 1000, float("inf"), f"{row['gflops']:.0f} GFLOP/s"


MEASURES = {measure.__name__: measure for measure in (start, memory, tokenizer, stream, ragged, step, large)}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--tuff", type=shlex.split, default=[str(TOP / "build/tuff")])
parser.add_argument("--model", type=pathlib.Path, default=TOP / "build/models/all-MiniLM-L6-v2")
parser.add_argument("--tiny", type=pathlib.Path, default=TOP / "tests/data/models/small-classes")
parser.add_argument("--only", choices=MEASURES, nargs="+", default=list(MEASURES))
options = parser.parse_args()

kept = True
print("| what | figure | limit | | |\n|---|--:|--:|---|---|", flush=True)
for name in options.only:
    with tempfile.TemporaryDirectory() as folder:
        for what, figure, limit, detail in MEASURES[name](folder):
            kept = kept and figure <= limit
            print(f"| {what} | {figure:.3f} | {limit:.3g} | {detail} | {'kept' if figure <= limit else 'NOT KEPT'} |", flush=True)
sys.exit(not kept)
