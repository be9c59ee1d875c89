#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures tuff, llama.cpp, ncnn and OpenBLAS in turns on the vendor lab's lavapipe (tools/bench/peers sets them up and runs
this), keeps every run in tests/data/peers.jsonl and makes the README's table of them:

    peers.py [--minutes M] [--out FILE] [--table]

What would not end within the minutes is left out. --table measures nothing."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

MOST_TOKENS = 1  # a pass of llama.cpp's: sentence by sentence is faster there
TOP = pathlib.Path(__file__).resolve().parent.parent.parent
README = TOP / "README.md"
BEGIN, END = "<!-- begin: sh tools/bench/peers -->", "<!-- end: sh tools/bench/peers -->"
MIXED = "256x8..128"  # sentences x tokens

# (peer, model, shapes, repeats): in turns, so that what else the machine does meets all of them; tuff before each of the others.
SHORT = [("tuff", "minilm", ["1x128", "8x128"], 3), ("llama.cpp", "minilm", ["1x128", "8x128"], 1),
         ("tuff", "minilm", ["1x128"], 3), ("ncnn", "minilm", ["1x128"], 3),
         ("tuff", "base", ["1x128"], 3), ("llama.cpp", "base", ["1x128"], 2),
         ("tuff", "base", ["1x128"], 3), ("ncnn", "base", ["1x128"], 2), ("OpenBLAS", "sgemm", [], 3)]
MIDDLE = [("tuff", "base", ["8x128"], 2), ("llama.cpp", "base", ["8x128"], 1)]
RAGGED = [("tuff", "minilm", [MIXED], 2), ("llama.cpp", "minilm", [MIXED], 1)]
LONG = [("tuff", "base", ["32x128", "8x512"], 1), ("OpenBLAS", "sgemm", [], 3)]
LONGEST = [("llama.cpp", "base", ["32x128"], 1), ("llama.cpp", "base", ["8x512"], 1)]
PLAN = [SHORT, MIDDLE, SHORT, LONG, RAGGED, SHORT, MIDDLE, LONG, LONGEST]


def lab(*command, **variables):
    """The lines of JSON that a command prints in the lab, at the vector width that suits both sides best."""
    settings = [f"{name}={value}" for name, value in variables.items()]
    run = [*os.environ.get("TUFF_SUDO", "").split(), str(TOP / "tools/vendor-lab"), "run", "lavapipe", "env",
           "PYTHONPATH=build/peers/python", *settings, *map(str, command)]
    result = subprocess.run(run, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"peers: {' '.join(map(str, command))}: {result.stderr[-2000:]}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def run_tuff(model, shapes, repeats):
    rows = []
    for shape in shapes:
        how = ["--ragged"] if shape == MIXED else ["--batch", shape.split("x")[0], "--length", shape.split("x")[1]]
        rows += lab("build/lab/tuff", "bench", "--shape", model, *how, "--dtype", "f32", "--repeat", repeats, "--no-check",
                    "--json", "--quiet")
    return [{"peer": "tuff", "ms": [row["ms_median"]], **row} for row in rows]


def run_llama(model, shapes, repeats):
    return lab("build/peers/time_llama", f"build/peers/{model}.gguf", model, repeats, MOST_TOKENS, *shapes, GGML_VK_VISIBLE_DEVICES=0,
               GGML_VK_DISABLE_COOPMAT=1, GGML_VK_DISABLE_F16=1)


def run_ncnn(model, shapes, repeats):
    return lab("python3", "tools/bench/time_ncnn.py", model, repeats)


def run_openblas(model, shapes, repeats):
    return lab("python3", "tools/bench/time_openblas.py", repeats, OPENBLAS_NUM_THREADS=2)


RUNNERS = {"tuff": run_tuff, "llama.cpp": run_llama, "ncnn": run_ncnn, "OpenBLAS": run_openblas}


def median(rows, peer, model, shape):
    times = [ms for row in rows if (row["peer"], row["model"], row["shape"]) == (peer, model, shape) for ms in row["ms"]]
    return statistics.median(times) if times else None


def token_count(shape):
    sentences, length = shape.split("x")
    return int(sentences) * (68 if shape == MIXED else int(length))


def seconds_of(step, rows):
    """What a step takes at most, by what 128 tokens took: its runs, and one that does not count."""
    peer, model, shapes, repeats = step
    one = median(rows, peer, model, "1x128") or 0
    return sum(one / 1000 * token_count(shape) / 128 * (repeats + 0.3) for shape in shapes)


def measure(minutes, path):
    """A step that would not end in time is left out."""
    start, end, rows = time.monotonic(), time.monotonic() + 60 * minutes, []
    with path.open("w") as out:
        for number, steps in enumerate(PLAN):
            for step in steps:
                if time.monotonic() + seconds_of(step, rows) > end:
                    print(f"peers: no time is left for {step}", file=sys.stderr)
                    continue
                for row in RUNNERS[step[0]](*step[1:]):
                    rows.append({"round": number, "peer": step[0], **row})
                    print(json.dumps(rows[-1]), file=out, flush=True)
            print(f"peers: {number + 1} of {len(PLAN)} rounds, {time.monotonic() - start:.0f} s", file=sys.stderr)


def ratio_text(peer_ms, tuff_ms):
    return f"{peer_ms:.0f} ({peer_ms / tuff_ms:.1f})" if peer_ms else ""


def table(rows):
    ours = [row for row in rows if row["peer"] == "tuff"]
    shown = {(row["model"], row["shape"]) for row in ours if row["workload"] != "equal"}
    sgemm = median(rows, "OpenBLAS", "sgemm", "4096x4096x4096")
    peak = 2e-6 * 4096**3 / sgemm if sgemm else None
    text = [BEGIN, "", f"{ours[0]['driver']}, two threads" + (f"; OpenBLAS does {peak:.0f} GFLOP/s" if peak else "") + ".", "",
            "| model | sentences x tokens | tuff | llama.cpp | ncnn | GFLOP/s of tuff | of OpenBLAS's |",
            "|---|---|--:|--:|--:|--:|--:|"]
    for model, shape in sorted(shown, key=lambda pair: (pair[0], token_count(pair[1]))):
        ms = median(rows, "tuff", model, shape)
        work = statistics.median(row["gflops"] * row["ms_median"] for row in ours if (row["model"], row["shape"]) == (model, shape))
        share = f"{work / ms / peak:.2f}" if peak else ""
        text.append(f"| {model} | {shape} | {ms:.0f} | {ratio_text(median(rows, 'llama.cpp', model, shape), ms)} | "
                    f"{ratio_text(median(rows, 'ncnn', model, shape), ms)} | {work / ms:.0f} | {share} |")
    mixed = median(rows, "tuff", "minilm", MIXED)
    if mixed:
        equal = statistics.median(row["ms_median"] for row in ours if row["workload"] == "equal")
        text += ["", f"{MIXED} takes {mixed / equal:.2f} times what as many tokens in equal lengths take."]
    return "\n".join([*text, "", END])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--out", type=pathlib.Path, default=TOP / "tests/data/peers.jsonl")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if not options.table:
        measure(options.minutes, options.out)
    made = table([json.loads(line) for line in options.out.read_text().splitlines()])
    print(made)
    if options.out == parser.get_default("out"):
        before, rest = README.read_text().split(BEGIN)
        README.write_text(before + made + rest.split(END, 1)[1])


main()
