#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/pipelines: inputs for the commands on texts, and what transformers' pipelines answer (for what
has no pipeline, its models and tokenizers). One gzip file of JSON Lines for each command and model; a line is a
record that the command reads, with what it must answer under "expected".

    python3 tools/golden/pipelines.py ../shared/oracle/models tests/data/pipelines
"""

import argparse
import gzip
import json
import pathlib
import random

import torch
from transformers import AutoModelForMultipleChoice, AutoModelForNextSentencePrediction
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertForPreTraining, pipeline

COUNT = 200
torch.set_num_threads(1)  # models this small only wait for each other
ODD = [
    "", " ", "\t \n", ".", "?!", "a", "A", "…", "don't", "'quoted' , and ( so ) on !", "[SEP]", "[PAD] [CLS] [UNK]", "[mask]",
    "Ünïcödé strïpped of its áccénts", "e\u0301 and e", "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0", "\uc548\ub155\ud558\uc138\uc694",
    "\u0645\u0631\u062d\u0628\u0627", "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3 \u0130stanbul stra\u00dfe", "\U0001f600\U0001f680 rocket",
    "zero\u200bwidth and\u00adsoft", "nul\u0000inside", "tab\tand\nline", "\ufb01ne ligatures \ufb04", "3.14159, 1,000,000 and 50%",
    "https://example.org/a?b=c&d=e#f", "snake_case and kebab-case", "x" * 99, "y" * 101, "z" * 1000, "UPPER CASE ONLY", "##ing ##ed",
    "\u00bfQu\u00e9? \u2014 \u201cno\u201d \u2018yes\u2019", "1999", "do not do n't", "\ud55c\uad6d 2024 mixed \u4e2d\u6587 text",
]


def read_sentences():
    path = pathlib.Path(__file__).parent.parent / "demo.txt"
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


class Inputs:
    """Texts of many kinds, the same at each run."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.sentences = read_sentences()

    def plain(self):
        kind = self.random.random()
        if kind < 0.55:
            return self.random.choice(self.sentences)
        if kind < 0.65:
            return " ".join(self.random.sample(self.sentences, self.random.randint(2, 12)))
        if kind < 0.75:
            words = self.random.choice(self.sentences).split()
            return " ".join(words[: self.random.randint(1, 4)])
        if kind < 0.85:
            return self.random.choice(self.sentences).upper() + " " + self.random.choice(ODD)
        return self.random.choice(ODD)

    def texts(self, count):
        return (ODD + [self.plain() for _ in range(count)])[:count] if count >= len(ODD) else [self.plain() for _ in range(count)]

    def masked(self):
        words = self.plain().split(" ")
        masks = 1 if self.random.random() < 0.75 else self.random.randint(2, 3)
        for _ in range(masks):
            place = self.random.randrange(min(len(words), 8))
            kind = self.random.random()
            if kind < 0.8:
                words[place] = "[MASK]"
            elif kind < 0.9:
                words.insert(place, "[MASK]")
            else:
                words[place] = self.random.choice(["[MASK].", "'[MASK]'", "([MASK]", "x[MASK]y"])
        return " ".join(words)


def shorten(value):
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, list):
        return [shorten(item) for item in value]
    if isinstance(value, dict):
        return {key: shorten(item) for key, item in value.items()}
    return value


class Maker:
    def __init__(self, models, out):
        self.models = models
        self.out = out

    def load(self, name, kind):
        model = kind.from_pretrained(self.models / name).eval()
        tokenizer = AutoTokenizer.from_pretrained(self.models / name)
        return model, tokenizer, {"truncation": True, "max_length": model.config.max_position_embeddings}

    def write(self, command, name, records):
        lines = "".join(json.dumps(shorten(record), ensure_ascii=True, separators=(",", ":")) + "\n" for record in records)
        path = self.out / f"{command}.{name}.jsonl.gz"
        with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
            packed.write(lines.encode())
        print(path, len(records), path.stat().st_size)

    def classify(self, name):
        kind = AutoModelForSequenceClassification
        model, tokenizer, cut = self.load(name, kind)
        run = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
        inputs = Inputs("classify " + name)
        records = []
        for i, text in enumerate(inputs.texts(COUNT)):
            record = {"id": f"r{i}", "text": text}
            if i % 3 == 2:
                record["text_pair"] = inputs.plain()
            given = {key: record[key] for key in ("text", "text_pair") if key in record}
            records.append(record | {"expected": run(given, top_k=None, **cut)})
        self.write("classify", name, records)

    def fill_mask(self, name):
        run = pipeline("fill-mask", model=str(self.models / name), device="cpu")
        cut = {"truncation": True, "max_length": run.model.config.max_position_embeddings}
        inputs = Inputs("fill-mask " + name)
        texts = ["[MASK]", "[MASK][MASK]", " [MASK] !", "it is n't [MASK] 's , is it ?", "##a [MASK] [PAD] [UNK] b"]
        mask = run.tokenizer.mask_token_id
        records = []
        while len(records) < COUNT:
            text = texts.pop(0) if texts else inputs.masked()
            whole = run.tokenizer(text)["input_ids"].count(mask)
            if whole and run.tokenizer(text, **cut)["input_ids"].count(mask) == whole:
                records.append({"id": len(records), "text": text, "expected": run(text, tokenizer_kwargs=cut)})
        self.write("fill-mask", name, records)

    def logits(self, run, encoded):
        with torch.no_grad():
            return run(**encoded)

    def next_sentence(self, name, kind):
        model, tokenizer, cut = self.load(name, kind)
        inputs = Inputs("next-sentence " + name)
        records = []
        for text in inputs.texts(COUNT):
            pair = inputs.plain()
            output = self.logits(model, tokenizer(text, pair, return_tensors="pt", **cut))
            logits = output.seq_relationship_logits if kind is BertForPreTraining else output.logits
            records.append({"text": text, "text_pair": pair, "expected": logits.softmax(-1)[0, 0].item()})
        self.write("next-sentence", name, records)

    def rank(self, name, query):
        """What sentence-transformers' CrossEncoder gives for one label: the sigmoid."""
        model, tokenizer, cut = self.load(name, AutoModelForSequenceClassification)
        records = []
        for text in Inputs("rank " + name).texts(COUNT):
            output = self.logits(model, tokenizer([query], [text], return_tensors="pt", **cut))
            records.append({"text": text, "query": query, "expected": output.logits.sigmoid().item()})
        self.write("rank", name, records)

    def choose(self, name):
        model, tokenizer, cut = self.load(name, AutoModelForMultipleChoice)
        inputs = Inputs("choose " + name)
        records = []
        while len(records) < COUNT:
            context = inputs.plain()
            if not context.strip():
                continue
            endings = [inputs.plain() for _ in range(inputs.random.randint(1, 6))]
            encoded = tokenizer([context] * len(endings), endings, return_tensors="pt", padding=True, **cut)
            output = self.logits(model, {key: value[None] for key, value in encoded.items()})
            records.append({"context": context, "endings": endings, "expected": output.logits.softmax(-1)[0].tolist()})
        self.write("choose", name, records)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path, help="the folder with the oracle's models")
    parser.add_argument("out", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    maker = Maker(arguments.models, arguments.out)
    for name in ("bert-tiny-seqcls3", "bert-tiny-multilabel", "bert-tiny-regression", "bert-odd96"):
        maker.classify(name)
    for name in ("bert-tiny-mlm", "bert-tiny-pretraining"):
        maker.fill_mask(name)
    maker.next_sentence("bert-tiny-nsp", AutoModelForNextSentencePrediction)
    maker.next_sentence("bert-tiny-pretraining", BertForPreTraining)
    maker.rank("bert-tiny-regression", "How do living things get their energy?")
    maker.choose("bert-tiny-multichoice")


if __name__ == "__main__":
    main()
