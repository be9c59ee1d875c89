#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/curves: fine-tuning runs of a small model in PyTorch, in float64, one JSON file a run. Each holds the
data as a text, the flags of `tuff finetune`, and the losses and gradient norms of every step.

    training_curves.py tests/data [NAME...]
"""

import functools
import json
import pathlib
import random
import sys

import torch
import torch.nn.functional as functional
import transformers

BATCH, STEPS, WARMUP, RATE, DECAY, CLIP = 4, 10, 2, 2e-3, 0.01, 1.0
RECIPE = (f"--batch-size {BATCH} --epochs 1 --warmup {WARMUP / STEPS} --learning-rate {RATE} --weight-decay {DECAY} "
          f"--clip {CLIP:g} --dropout 0 --order file --max-length 48")
WORDS = "who national house line former award full rock design arts master paper source question youth mr sam".split()
TAGS = ["O", "B-X", "I-X"]


class Case:
    """One run: what stands in its file, and the loss of the rows first ... first + BATCH."""

    def __init__(self, task, model, file, flags, text, loss, trained=lambda name: True):
        self.task, self.model, self.file, self.flags, self.text = task, model, file, flags, text
        self.loss, self.trained = loss, trained


def sentences(seed, count, longest=9):
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(1, longest))) for _ in range(count)]


COUNT = BATCH * STEPS
FIRST, SECOND = sentences(1, COUNT), sentences(2, COUNT)
NUMBERS = [round(random.Random(3 + i).random(), 2) for i in range(COUNT)]
CLASSES = [len(a) % 3 for a in FIRST]


def table(header, *columns):
    return "".join("\t".join(map(str, row)) + "\n" for row in [header.split(), *zip(*columns)])


def conll():
    rows = [[f"{w}\t{TAGS[len(w) % 3]}" for w in text.split()] for text in FIRST]
    return "\n\n".join("\n".join(row) for row in rows) + "\n"


def spans():
    """A word of each context: its text and place."""
    for i, text in enumerate(SECOND):
        words = text.split()
        at = i % len(words)
        yield words[at], len(" ".join(words[:at])) + (at > 0)


def squad():
    paragraphs = [{"context": c, "qas": [{"id": str(i), "question": q,
                                          "answers": [{"text": word, "answer_start": start}]}]}
                  for i, (q, c, (word, start)) in enumerate(zip(FIRST, SECOND, spans()))]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]})


# ---------------------------------------------------------------- losses

def encode(tokenizer, rows, *columns, **options):
    return tokenizer(*[[c[i] for i in rows] for c in columns], padding=True, truncation=True, max_length=48,
                     return_tensors="pt", **options)


def class_loss(model, tokenizer, rows):
    logits = model(**encode(tokenizer, rows, FIRST)).logits
    return functional.cross_entropy(logits, torch.tensor([CLASSES[i] for i in rows]))


def number_loss(model, tokenizer, rows):
    logits = model(**encode(tokenizer, rows, FIRST, SECOND)).logits[:, 0]
    return functional.mse_loss(logits, torch.tensor([(NUMBERS[i] - 0.5) / 2 for i in rows], dtype=torch.float64))


def relevance_loss(model, tokenizer, rows):
    logits = model(**encode(tokenizer, rows, FIRST, SECOND)).logits[:, 0]
    labels = torch.tensor([NUMBERS[i] for i in rows], dtype=torch.float64)
    return functional.binary_cross_entropy_with_logits(logits, labels)


def tag_loss(model, tokenizer, rows):
    batch = tokenizer([FIRST[i].split() for i in rows], is_split_into_words=True, padding=True, return_tensors="pt")
    labels = torch.full_like(batch["input_ids"], -100)
    for row, index in enumerate(rows):
        for column, word in enumerate(batch.word_ids(row)):
            if word is not None and word != (batch.word_ids(row)[column - 1] if column else None):
                labels[row, column] = len(FIRST[index].split()[word]) % 3
    return functional.cross_entropy(model(**batch).logits.transpose(1, 2), labels)


def answer_loss(model, tokenizer, rows, pads):
    batch = encode(tokenizer, rows, FIRST, SECOND, return_offsets_mapping=True)
    places = list(spans())
    offsets = batch.pop("offset_mapping")
    output = model(**batch)
    losses = []
    for row, index in enumerate(rows):
        word, start = places[index]
        columns = [c for c, s in enumerate(batch.sequence_ids(row))
                   if s == 1 and offsets[row, c, 0] < start + len(word) and offsets[row, c, 1] > start]
        length = None if pads else int(batch["attention_mask"][row].sum())
        for logits, column in ((output.start_logits, columns[0]), (output.end_logits, columns[-1])):
            losses.append(functional.cross_entropy(logits[row, :length], torch.tensor(column)))
    return sum(losses) / len(losses)


def similarity_loss(model, tokenizer, rows):
    """sentence-transformers' MultipleNegativesRankingLoss: cosines times 20, each text's own pair is the right one."""
    vectors = []
    for column in (FIRST, SECOND):
        batch = encode(tokenizer, rows, column)
        mask = batch["attention_mask"].unsqueeze(2).double()
        mean = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
        vectors.append(functional.normalize(mean))
    return functional.cross_entropy(vectors[0] @ vectors[1].T * 20, torch.arange(len(rows)))


# ---------------------------------------------------------------- runs



def sequences(labels):
    return functools.partial(transformers.BertForSequenceClassification.from_pretrained, num_labels=labels,
                             ignore_mismatched_sizes=True)


ANSWERS = functools.partial(transformers.BertForQuestionAnswering.from_pretrained, num_labels=2)
TOKENS = functools.partial(transformers.BertForTokenClassification.from_pretrained, num_labels=3)
PAIR_TABLE = "--text-column a --pair-column b --label-column y "
NUMBER_FLAGS = PAIR_TABLE + "--label-offset 0.5 --label-scale 2 --head zeros "


def is_of_head(name):
    return name.startswith(("bert.pooler.", "classifier."))


CASES = {
    "classify": Case("classify", sequences(3), "data.tsv", "--head zeros",
                     table("text label", FIRST, CLASSES), class_loss),
    "regress": Case("regress", sequences(1), "data.tsv",
                    NUMBER_FLAGS,
                    table("a b y", FIRST, SECOND, NUMBERS), number_loss),
    "tag": Case("tag", TOKENS, "data.conll",
                "--head zeros --labels labels.txt", conll(), tag_loss),
    "answer": Case("answer", ANSWERS, "data.json", "--head zeros", squad(),
                   functools.partial(answer_loss, pads=False)),
    "rank": Case("rank", sequences(1), "data.tsv", PAIR_TABLE + "--head zeros", table("a b y", FIRST, SECOND, NUMBERS),
                 relevance_loss),
    "embed": Case("embed", transformers.BertModel.from_pretrained, "data.tsv", "--text-column a --pair-column b",
                  table("a b", FIRST, SECOND), similarity_loss, lambda name: not name.startswith("pooler.")),
    "trainable-head": Case("regress", sequences(1), "data.tsv", NUMBER_FLAGS + "--trainable head",
                           table("a b y", FIRST, SECOND, NUMBERS), number_loss, is_of_head),
    "trainable-last": Case("regress", sequences(1), "data.tsv", NUMBER_FLAGS + "--trainable last:1",
                           table("a b y", FIRST, SECOND, NUMBERS), number_loss,
                           lambda name: is_of_head(name) or ".layer.1." in name),
    "trainable-bias": Case("regress", sequences(1), "data.tsv", NUMBER_FLAGS + "--trainable bias",
                           table("a b y", FIRST, SECOND, NUMBERS), number_loss,
                           lambda name: is_of_head(name) or name.endswith(".bias")),
    "answer-padded": Case("answer", ANSWERS, "data.json",
                          "--head zeros --padding longest", squad(), functools.partial(answer_loss, pads=True)),
}


def make_optimizer(parameters):
    decayed = [p for _, p in parameters if p.ndim == 2]
    plain = [p for _, p in parameters if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0.0}],
                                  lr=RATE)
    return optimizer, transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)


def zero_head(model):
    for name, parameter in model.named_parameters():
        if name.startswith(("classifier.", "qa_outputs.")):
            parameter.data.zero_()


def run(case, data):
    folder = data / "models" / "small-classes"
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    model = case.model(folder).double().eval()
    zero_head(model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = case.trained(name)
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    optimizer, schedule = make_optimizer(trained)
    losses, norms = [], []
    for step in range(STEPS):
        loss = case.loss(model, tokenizer, range(step * BATCH, step * BATCH + BATCH))
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_([p for _, p in trained], CLIP)))
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    return {"task": case.task, "file": case.file, "flags": f"{case.flags} {RECIPE}", "text": case.text,
            "losses": losses, "gradient_norms": norms}


def main():
    data = pathlib.Path(sys.argv[1])
    (data / "curves").mkdir(exist_ok=True)
    for name in sys.argv[2:] or CASES:
        result = run(CASES[name], data)
        (data / "curves" / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(name, result["losses"][0], result["losses"][-1])


if __name__ == "__main__":
    main()
