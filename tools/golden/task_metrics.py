#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fine-tunes with recipes that PyTorch has run before, over several seeds, and judges the development figures:

    task_metrics.py TASKS MODEL OUT [--tuff WORDS] [--task sentiment|ner|sts|qa ...] [--seeds 1,2,3] [--dtype f32|f16]

TASKS has a folder a task with train and dev files and a reference.json: the recipe, the figures of each seed and their
mean. OUT gets a folder a run, and results.jsonl, whose runs are not made again; what was killed is gone on with. A mean is
accepted that falls short of the reference's by no more than the spread of the reference's seeds (largest less smallest)
and two standard errors of the development set; with --dtype f16 the mean has besides to lie within the spread of the f32
seeds that OUT holds. Exit code 1: not accepted. --tuff is the command, or several words in quotes."""

import argparse
import json
import math
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

# The command's task, the files' extension, the figure that is judged, and the columns.
TASKS = {"sentiment": ("classify", "tsv", "accuracy", ["--text-column", "sentence", "--label-column", "label"]),
         "ner": ("tag", "conll", "f1", []),
         "sts": ("regress", "tsv", "pearson", ["--text-column", "sentence1", "--pair-column", "sentence2", "--label-column", "score"]),
         "qa": ("answer", "json", "f1", [])}
RECIPE = {"lr": "--learning-rate", "batch": "--batch-size", "epochs": "--epochs", "limit": "--limit", "dropout": "--dropout"}
READING = {"max_len": "--max-length", "stride": "--stride", "n_best": "--n-best", "max_answer_tokens": "--max-answer-tokens"}


def flags(recipe, names):
    return [str(word) for name, flag in names.items() if name in recipe for word in (flag, recipe[name])]


def run(words):
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"task_metrics: {shlex.join(words)}: exit code {done.returncode}")
    return done.stdout


def dev_limit(reference):
    number = re.search(r"\d+", str(reference["eval_examples"]["dev"]))
    return int(number.group())


def train(options, name, reference, seed):
    """The line of results.jsonl of a run."""
    task, extension, _, columns = TASKS[name]
    folder, recipe = options.tasks / name, reference["recipe"]
    reading = columns + flags(recipe, READING)
    if "target" in recipe:
        offset, scale = re.fullmatch(r"\(score - (\S+)\) / (\S+)", recipe["target"]).groups()
        reading += ["--label-offset", offset, "--label-scale", scale]
    if (folder / "labels.txt").exists():
        reading += ["--labels", str(folder / "labels.txt")]
    output = options.out / f"{name}-{options.dtype}-{seed}"
    begin = time.time()
    tuff = shlex.split(options.tuff)
    run([*tuff, "finetune", task, "--model", str(options.model), "--train", str(folder / f"train.{extension}"), *reading,
         *flags(recipe, RECIPE), "--head", "random", "--seed", str(seed), "--dtype", options.dtype, "--checkpoint-every", "30",
         "--resume", "--output", str(output)])
    seconds = time.time() - begin
    shutil.rmtree(output / "checkpoint")
    figures = run([*tuff, "evaluate", task, "--model", str(output), "--data", str(folder / f"dev.{extension}"), *reading, "--limit",
                   str(dev_limit(reference)), "--json", "--quiet"])
    return {"task": name, "dtype": options.dtype, "seed": seed, "seconds": round(seconds), **json.loads(figures)}


def units(options, name, limit):
    """How many things the figure is a share of: entities, or examples."""
    if name != "ner":
        return limit
    blocks = re.split(r"\n\s*\n", (options.tasks / name / "dev.conll").read_text(encoding="utf-8").strip())
    return sum(line.split()[-1].startswith("B-") for block in blocks[:limit] for line in block.split("\n"))


def standard_error(name, mean, count):
    """Of a share, which no figure between 0 and 1 exceeds; of a correlation by Fisher."""
    return (1 - mean * mean) / math.sqrt(count) if name == "sts" else math.sqrt(mean * (1 - mean) / count)


def judge(options, name, reference, results):
    figure = TASKS[name][2]
    scale = 0.01 if name == "qa" else 1
    theirs = {key: value * scale for key, value in reference["summary"]["dev"][figure].items()}

    def figures(dtype):
        return [r[figure] * scale for r in results if r["task"] == name and r["dtype"] == dtype and r["seed"] in options.seeds]

    ours, single = figures(options.dtype), figures("f32")
    mean = sum(ours) / len(ours)
    allowed = theirs["max"] - theirs["min"] + 2 * standard_error(name, theirs["mean"], units(options, name, dev_limit(reference)))
    accepted = mean >= theirs["mean"] - allowed
    seeds = ", ".join(f"{x:.4f}" for x in ours)
    said = f"| {name} {options.dtype} | {figure} | {seeds} | {mean:.4f} | {theirs['mean']:.4f} | {allowed:.4f} |"
    if options.dtype != "f32" and single:
        accepted = accepted and min(single) <= mean <= max(single)
        said += f" f32 {min(single):.4f} to {max(single):.4f} |"
    print(f"{said} {'accepted' if accepted else 'REJECTED'} |", flush=True)
    return accepted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tasks", "model", "out"):
        parser.add_argument(name, type=pathlib.Path)
    parser.add_argument("--tuff", default="tuff")
    parser.add_argument("--task", choices=TASKS, nargs="+", default=list(TASKS))
    parser.add_argument("--seeds", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--dtype", choices=("f32", "f16"), default="f32")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "results.jsonl"
    results = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    print("| task | figure | seeds | mean | reference | may fall short by | |", flush=True)
    accepted = True
    for name in options.task:
        reference = json.loads((options.tasks / name / "reference.json").read_text())
        for seed in options.seeds:
            if any((r["task"], r["dtype"], r["seed"]) == (name, options.dtype, seed) for r in results):
                continue
            results.append(train(options, name, reference, seed))
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(results[-1]) + "\n")
        accepted = judge(options, name, reference, results) and accepted
    sys.exit(not accepted)


if __name__ == "__main__":
    main()
