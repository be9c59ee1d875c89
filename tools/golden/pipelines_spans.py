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

import numpy
import torch
from transformers import AutoModelForQuestionAnswering, AutoModelForTokenClassification, AutoTokenizer, pipeline

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


class Answerer:
    """The definition of transformers 4.57's pipeline for question answering, with a fast tokenizer."""

    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.models = [AutoModelForQuestionAnswering.from_pretrained(folder).eval().to(dtype)
                       for dtype in (torch.float32, torch.float64)]

    def windows(self, question, context, max_length, stride):
        encoded = self.tokenizer(question, context, truncation="only_second", max_length=max_length, stride=stride,
                                 return_overflowing_tokens=True)
        for i, ids in enumerate(encoded["input_ids"]):
            yield ids, encoded["token_type_ids"][i], encoded.encodings[i]

    def probabilities(self, logits, allowed):
        exponents = numpy.where(allowed, numpy.exp(logits - logits[allowed].max()), 0)
        return exponents / exponents.sum()

    def spans(self, model, ids, types, encoding, count, longest):
        """The best spans of tokens with their scores, and the score of [CLS]; None where the choice is a near tie."""
        with torch.no_grad():
            output = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]))
        in_context = numpy.array([sequence == 1 for sequence in encoding.sequence_ids])
        allowed = in_context | (numpy.array(ids) == self.tokenizer.cls_token_id)
        starts = self.probabilities(output.start_logits[0].numpy(), allowed)
        ends = self.probabilities(output.end_logits[0].numpy(), allowed)
        places = numpy.nonzero(in_context)[0]
        found = sorted(((starts[s] * ends[e], s, e) for s in places for e in places if s <= e < s + longest),
                       key=lambda span: -span[0])
        is_tie = len(found) > count and found[count - 1][0] - found[count][0] < 1e-4 * found[count][0]
        return None if is_tie else (found[:count], starts[0] * ends[0])

    def answer(self, model, question, context, max_length, stride, top_k=1, longest=15, impossible=False, words=True):
        answers, null_score = [], 1.0
        for ids, types, encoding in self.windows(question, context, max_length, stride):
            best = self.spans(model, ids, types, encoding, 2 * top_k + 10 if words else top_k, longest)
            if best is None:
                return None
            null_score = min(null_score, best[1])
            for score, s, e in best[0]:
                start, end = encoding.offsets[s][0], encoding.offsets[e][1]
                if words and encoding.token_to_word(s) is not None and encoding.token_to_word(e) is not None:
                    start = encoding.word_to_chars(encoding.token_to_word(s), 1)[0]
                    end = encoding.word_to_chars(encoding.token_to_word(e), 1)[1]
                text = context[start:end]
                same = [answer for answer in answers if answer[3].lower() == text.lower()]
                if same:
                    same[0][0] += score
                else:
                    answers.append([score, start, end, text])
        if impossible:
            answers.append([null_score, 0, 0, ""])
        answers.sort(key=lambda answer: -answer[0])
        return [[round(float(score), 6), *rest] for score, *rest in answers[:top_k]]

    def case(self, question, context, *settings, **options):
        results = [self.answer(model, question, context, *settings, **options) for model in self.models]
        if None in results or [[r[1:] for r in result] for result in results].count([r[1:] for r in results[0]]) < 2:
            return None
        return {"question": question, "context": context, "answers": results[0]}


def make_answer(oracle):
    generator = random.Random(5)
    answerer = Answerer(oracle / "models/bert-tiny-qa")
    groups = []
    plans = [
        ("", 64, 32, {}, 60, 40),
        ("--top-k 3", 64, 32, {"top_k": 3}, 40, 40),
        ("--top-k 4 --handle-impossible-answer", 64, 32, {"top_k": 4, "impossible": True}, 30, 30),
        ("--top-k 60 --handle-impossible-answer --max-length 24 --doc-stride 4", 24, 4, {"top_k": 60, "impossible": True}, 10, 12),
        ("--handle-impossible-answer --max-length 40 --doc-stride 8", 40, 8, {"impossible": True}, 20, 90),
        ("--top-k 2 --no-align-to-words --max-answer-length 3", 64, 32, {"top_k": 2, "words": False, "longest": 3}, 20, 40),
        ("--top-k 5 --max-length 48 --doc-stride 0 --max-answer-length 30", 48, 0, {"top_k": 5, "longest": 30}, 20, 120),
    ]
    for arguments, length, stride, options, wanted, longest in plans:
        cases = []
        while len(cases) < wanted:
            question = make_text(generator, generator.randint(1, 4)) + "?"
            context = make_text(generator, generator.randint(4, longest))
            room = length - 3 - len(answerer.tokenizer(question, add_special_tokens=False)["input_ids"])
            case = answerer.case(question, context, length, stride, **options) if room > max(stride, 4) else None
            if case:
                cases.append(case)
        groups.append({"arguments": arguments, "cases": cases})
    return groups


def write(path, groups):
    text = json.dumps(groups, ensure_ascii=False, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(path, sum(len(group["cases"]) for group in groups), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    source, target = map(pathlib.Path, sys.argv[1:])
    write(target / "tag.json.gz", make_tag(source))
    write(target / "answer.json.gz", make_answer(source))
