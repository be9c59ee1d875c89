#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds `tuff evaluate` against transformers: a folder that tuff fine-tuned is loaded by transformers, which predicts the
same examples in float32, and the figures must agree.

    check_finetuned.py TUFF TASK MODEL DATA [--limit N] [--max-length N] [--stride N] [--text-column NAME] ...

TASK is classify, regress, tag or answer. TUFF is the command, or several words in quotes. Exit code 1: they differ.
"""

import argparse
import collections
import csv
import json
import re
import shlex
import string
import subprocess
import sys

import torch
import transformers

BATCH = 32
LOADERS = {"classify": transformers.AutoModelForSequenceClassification,
           "regress": transformers.AutoModelForSequenceClassification,
           "tag": transformers.AutoModelForTokenClassification,
           "answer": transformers.AutoModelForQuestionAnswering}


def read_table(options):
    with open(options.data, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return rows[:options.limit or None]


def outputs(model, tokenizer, options, *columns, **more):
    """The model's outputs, a batch at a time, with the encoded batch."""
    for begin in range(0, len(columns[0]), BATCH):
        batch = tokenizer(*[c[begin:begin + BATCH] for c in columns], padding=True, max_length=options.max_length,
                          return_tensors="pt", **{"truncation": True, **more})
        inputs = {k: batch[k] for k in ("input_ids", "token_type_ids", "attention_mask")}
        with torch.no_grad():
            yield model(**inputs), batch, begin


def table_logits(model, tokenizer, options):
    rows = read_table(options)
    columns = [[row[c] for row in rows] for c in (options.text_column, options.pair_column) if c]
    logits = torch.cat([out.logits for out, _, _ in outputs(model, tokenizer, options, *columns)])
    return rows, logits


def classify(model, tokenizer, options):
    rows, logits = table_logits(model, tokenizer, options)
    predicted = [model.config.id2label[i] for i in logits.argmax(1).tolist()]
    return {"accuracy": sum(p == r[options.label_column] for p, r in zip(predicted, rows)) / len(rows)}


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and values[order[end]] == values[order[at]]:
            end += 1
        for i in order[at:end]:
            result[i] = (at + end - 1) / 2
        at = end
    return result


def pearson(a, b):
    pair = torch.tensor([a, b], dtype=torch.float64)
    return float(torch.corrcoef(pair)[0, 1])


def regress(model, tokenizer, options):
    rows, logits = table_logits(model, tokenizer, options)
    predicted, truth = logits[:, 0].tolist(), [float(r[options.label_column]) for r in rows]
    return {"pearson": pearson(predicted, truth), "spearman": pearson(ranks(predicted), ranks(truth))}


# ---------------------------------------------------------------- entities

def read_sentences(options):
    blocks = re.split(r"\n\s*\n", open(options.data, encoding="utf-8").read().strip())
    sentences = [[line.split("\t") if "\t" in line else line.split() for line in b.split("\n")] for b in blocks]
    return sentences[:options.limit or None]


def chunks(tags):
    """conlleval's: an I that follows no entity of its type begins one."""
    found, begin, kind = set(), 0, None
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind is not None and (prefix != "I" or name != kind):
            found.add((begin, i, kind))
            kind = None
        if prefix in "BI" and (prefix == "B" or kind is None):
            begin, kind = i, name
    return found


def tag(model, tokenizer, options):
    sentences = read_sentences(options)
    words = [[w[0] for w in s] for s in sentences]
    right = predicted_count = true_count = 0
    for out, batch, begin in outputs(model, tokenizer, options, words, is_split_into_words=True):
        best = out.logits.argmax(2)
        for row in range(best.shape[0]):
            truth = [w[-1] for w in sentences[begin + row]]
            tags = ["O"] * len(truth)
            for column, word in reversed(list(enumerate(batch.word_ids(row)))):
                if word is not None:
                    tags[word] = model.config.id2label[int(best[row, column])]
            predicted, true = chunks(tags), chunks(truth)
            right += len(predicted & true)
            predicted_count += len(predicted)
            true_count += len(true)
    return {"f1": 2 * right / max(predicted_count + true_count, 1)}


# ---------------------------------------------------------------- answers

def normalize(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1(predicted, answer):
    a, b = normalize(predicted).split(), normalize(answer).split()
    same = sum((collections.Counter(a) & collections.Counter(b)).values())
    return 2 * same / (len(a) + len(b)) if same else 0.0


def read_questions(options):
    data = json.load(open(options.data, encoding="utf-8"))["data"]
    questions = [(q["question"], p["context"], [a["text"] for a in q["answers"]])
                 for d in data for p in d["paragraphs"] for q in p["qas"]]
    return questions[:options.limit or None]


def best_spans(starts, ends, offsets, options):
    first = starts.topk(min(options.n_best, len(starts))).indices.tolist()
    last = ends.topk(min(options.n_best, len(ends))).indices.tolist()
    for s in first:
        for e in last:
            if s <= e < s + options.max_answer_tokens and offsets[s] is not None and offsets[e] is not None:
                yield float(starts[s] + ends[e]), offsets[s][0], offsets[e][1]


def answer(model, tokenizer, options):
    questions = read_questions(options)
    exact = total = 0.0
    for question, context, answers in questions:
        found = []
        more = dict(truncation="only_second", stride=options.stride, return_overflowing_tokens=True,
                    return_offsets_mapping=True)
        for out, batch, _ in outputs(model, tokenizer, options, [question], [context], **more):
            for row in range(batch["input_ids"].shape[0]):
                length = int(batch["attention_mask"][row].sum())
                offsets = [tuple(o) if s == 1 else None
                           for o, s in zip(batch["offset_mapping"][row].tolist(), batch.sequence_ids(row))]
                found += best_spans(out.start_logits[row, :length], out.end_logits[row, :length], offsets, options)
        _, begin, end = max(found, key=lambda span: span[0], default=(0, 0, 0))
        exact += max(normalize(context[begin:end]) == normalize(a) for a in answers)
        total += max(f1(context[begin:end], a) for a in answers)
    return {"exact_match": 100 * exact / len(questions), "f1": 100 * total / len(questions)}


def evaluate_with_tuff(options):
    line = shlex.split(options.tuff) + ["evaluate", options.task, "--json", "--quiet", "--model", options.model,
                                        "--data", options.data, "--max-length", str(options.max_length)]
    if options.limit:
        line += ["--limit", str(options.limit)]
    if options.task == "answer":
        line += ["--stride", str(options.stride), "--n-best", str(options.n_best), "--max-answer-tokens",
                 str(options.max_answer_tokens)]
    for name in ("text", "pair", "label"):
        column = getattr(options, f"{name}_column")
        if column:
            line += [f"--{name}-column", column]
    return json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("tuff", "task", "model", "data"):
        parser.add_argument(name, choices=LOADERS if name == "task" else None)
    for name, value in (("limit", 0), ("max-length", 128), ("stride", 48), ("n-best", 20), ("max-answer-tokens", 30)):
        parser.add_argument(f"--{name}", type=int, default=value)
    for name in ("text-column", "pair-column", "label-column"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    model = LOADERS[options.task].from_pretrained(options.model).eval()
    ours, theirs = evaluate_with_tuff(options), globals()[options.task](model, tokenizer, options)
    differs = False
    for name, value in theirs.items():
        differs = differs or abs(ours[name] - value) > 1e-4 * max(1, abs(value))
        print(f"{name}: tuff {ours[name]:.6f}, transformers {value:.6f}")
    sys.exit(differs)


if __name__ == "__main__":
    main()
