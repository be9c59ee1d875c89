#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds adapters against PEFT: adapters that tuff begins with are trained by PEFT on the same batches, and those that tuff
ends with are loaded there, beside the merged model.

    check_adapter.py TUFF MODEL

TUFF is the command, or several words in quotes; MODEL a folder of a sequence classifier, such as
tests/data/models/small-classes. Exit code 1: losses differ by more than 1e-4, or logits by more than 1e-5, relatively.
"""

import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

import peft
import torch
import transformers

TEXTS = ["a good day", "a bad day", "no day", "the good and the bad", "day after day", "so good", "bad", "what a day"]
EPOCHS, BATCH, RATE, DECAY, WARMUP = 4, 4, 1e-2, 0.01, 0.25


def finetune(tuff, model, data, output, rate, *more):
    line = [*shlex.split(tuff), "finetune", "classify", "--model", model, "--train", str(data), "--output", str(output),
            "--trainable", "lora:3", "--lora-alpha", "5", "--order", "file", "--dropout", "0", "--epochs", str(EPOCHS),
            "--batch-size", str(BATCH), "--learning-rate", str(rate), "--weight-decay", str(DECAY), "--warmup",
            str(WARMUP), "--seed", "3", *more]
    subprocess.run(line, check=True, capture_output=True)


def load(model, adapter, trainable=False):
    base = transformers.AutoModelForSequenceClassification.from_pretrained(
        model, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    result = peft.PeftModel.from_pretrained(base, adapter, is_trainable=trainable)
    return result.train(trainable)


def losses_of_peft(model, adapter, tokenizer, labels):
    """The recipe of tuff finetune: AdamW, a linear schedule, clipping at 1."""
    network = load(model, adapter, True)
    trained = {n: p for n, p in network.named_parameters() if p.requires_grad}
    groups = [{"params": [p for n, p in trained.items() if n.endswith("bias") == is_bias],
               "weight_decay": 0.0 if is_bias else DECAY} for is_bias in (False, True)]
    optimizer = torch.optim.AdamW(groups, lr=RATE)
    total = EPOCHS * len(TEXTS) // BATCH
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, int(WARMUP * total), total)
    for step in range(total):
        at = step * BATCH % len(TEXTS)
        batch = tokenizer(TEXTS[at:at + BATCH], padding=True, return_tensors="pt")
        loss = network(**batch, labels=torch.tensor(labels[at:at + BATCH])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        yield loss.item()


def logits(network, tokenizer):
    with torch.no_grad():
        return network(**tokenizer(TEXTS, padding=True, return_tensors="pt")).logits


def main():
    tuff, model = sys.argv[1:3]
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)
    names = transformers.AutoConfig.from_pretrained(model).id2label
    labels = [i % len(names) for i in range(len(TEXTS))]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = folder / "train.tsv"
        data.write_text("text\tlabel\n" + "".join(f"{t}\t{names[i]}\n" for t, i in zip(TEXTS, labels)))
        finetune(tuff, model, data, folder / "begin", 0, "--export", "adapter")
        finetune(tuff, model, data, folder / "adapter", RATE, "--export", "adapter")
        finetune(tuff, model, data, folder / "merged", RATE)
        lines = [json.loads(line) for line in (folder / "adapter/metrics.jsonl").read_text().splitlines()]
        ours = [line["loss"] for line in lines if "loss" in line]
        theirs = list(losses_of_peft(model, folder / "begin", tokenizer, labels))
        merged = transformers.AutoModelForSequenceClassification.from_pretrained(folder / "merged").eval()
        expected = logits(merged, tokenizer)
        distance = (logits(load(model, folder / "adapter"), tokenizer) - expected).abs().max() / expected.abs().max()
    worst = max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))
    print(f"{len(ours)} steps, {ours[0]:.4f} to {ours[-1]:.4f}: losses differ by {worst:.1e} at most")
    print(f"logits of the adapter and the merged model differ by {distance:.1e} of the largest")
    sys.exit(worst > 1e-4 or bool(distance > 1e-5))


if __name__ == "__main__":
    main()
