#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/pipelines/tag.json.gz and answer.json.gz: what transformers' pipelines give for 200 inputs each.

    pipelines_spans.py ORACLE OUT

ORACLE has models/bert-tiny-tokencls and models/bert-tiny-qa. The pipeline for token classification is
transformers' own. That for question answering left transformers with version 5; its definition of 4.57 is written
here anew. Inputs whose outcome hangs on less than float32's rounding are left out. Made with torch 2.13.0 and
transformers 5.23.0.
"""

import gzip
import json
import pathlib
import random
import sys

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

WORDS = """the a in on of and to is was by with for from London Paris rain river storm museum city council
Marie Curie Einstein Newton engine ship harbour bridge winter morning people write believe unknown expected
morning quickly strangely reopened unbelievable internationalization 1907 42 3.14 don't I'm we've they're isn't
State-of-the-art co-operate U.S. e-mail naïve Zürich Łódź Über ÅNGSTRÖM re\u0301sume\u0301 cafe\u0301 東京 大阪市
Привет мир \u00abquoted\u00bb (brackets) [MASK] [UNK] \U0001F600 do not \u2014 … %&/ C++ #tag @name""".split()
BIO = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-WORK-OF-ART", "I-WORK-OF-ART"]
IOB1 = ["I-ORG", "O", "I-PER", "I-LOC", "B-LOC", "B-ORG", "B-PER"]
PLAIN = ["NOUN", "VERB", "PUNCT", "ADJ", "O", "X-POS", "DET"]


def make_text(generator, count):
    words = [generator.choice(WORDS) for _ in range(count)]
    text = "".join(word + generator.choice([" ", " ", " ", "  ", ", ", ". ", "\t"]) for word in words)
    return text if generator.random() < 0.5 else text.strip()


class Tagger:
    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.models = [AutoModelForTokenClassification.from_pretrained(folder).eval().to(dtype)
                       for dtype in (torch.float32, torch.float64)]

    def tag(self, model, text, labels, max_length, **options):
        model.config.id2label = dict(enumerate(labels))
        self.tokenizer.model_max_length = max_length
        run = pipeline("token-classification", model=model, tokenizer=self.tokenizer, device="cpu")
        found = run(text, **options) if text else []
        name = "entity" if options["aggregation_strategy"] == "none" else "entity_group"
        return [[e[name], round(float(e["score"]), 5), e["word"], e["start"], e["end"], e.get("index", 0)]
                for e in found]

    def case(self, text, *settings, **options):
        single, double = (self.tag(model, text, *settings, **options) for model in self.models)
        strip = [[[label, *rest] for label, _, *rest in entities] for entities in (single, double)]
        return {"text": text, "entities": single} if strip[0] == strip[1] else None


def make_tag(oracle):
    generator = random.Random(4)
    tagger = Tagger(oracle / "models/bert-tiny-tokencls")
    groups = []
    plans = [(strategy, labels, None, 64) for labels in (BIO, IOB1)
             for strategy in ("none", "simple", "first", "average", "max")]
    plans += [("simple", PLAIN, None, 64), ("max", PLAIN, None, 64)]
    plans += [(strategy, BIO, stride, length)
              for strategy, stride, length in (("simple", 16, 64), ("first", 31, 64), ("average", 0, 64),
                                               ("max", 5, 24), ("simple", 7, 17), ("first", 3, 12))]
    odd = ["", "   ", "\u200b", "x", "[CLS] a [SEP]", "a" * 120 + " b"]
    for place, (strategy, labels, stride, length) in enumerate(plans):
        options = {"aggregation_strategy": strategy, **({} if stride is None else {"stride": stride})}
        arguments = f"--aggregation {strategy}" + ("" if stride is None else f" --stride {stride} --max-length {length}")
        cases = []
        wanted = 12 if place < 16 else 4
        while len(cases) < wanted:
            if len(cases) == 0:
                text = odd[place % len(odd)]
            else:
                text = make_text(generator, generator.randint(1, 9) if stride is None else generator.randint(8, 50))
            case = tagger.case(text, labels, length, **options)
            if case:
                cases.append(case)
        groups.append({"arguments": arguments, "labels": labels, "cases": cases})
    return groups


def write(path, groups):
    text = json.dumps(groups, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(path, sum(len(group["cases"]) for group in groups), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    source, target = map(pathlib.Path, sys.argv[1:])
    write(target / "tag.json.gz", make_tag(source))
