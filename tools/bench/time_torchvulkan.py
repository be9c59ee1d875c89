#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""CPU time of a training step with torchvulkan and with tuff, in turns: the same BertForSequenceClassification of 2 layers
of 128, the same batch of 8 x 64 tokens, forward, backward, clipping and AdamW without dropout, on the same driver.

    time_torchvulkan.py TUFF FOLDER [--turns N]

Needs torch 2.13, transformers and torchvulkan 0.2.1 of PyPI, and Vulkan 1.3 (the vendor lab's lavapipe, where a Python of
the host's runs if VENDOR_LAB_MOUNT names its folder). FOLDER gets the model and the batches. The losses are printed too."""

import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import sys

import torch
import torchvulkan  # noqa: F401 (registers the device)
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

BATCH, LENGTH, VOCAB, RATE = 8, 64, 30522, 1e-4
SHORT, LONG = 5, 45  # steps of tuff; the difference leaves out what comes before the first


def cpu_ms(who):
    usage = resource.getrusage(who)
    return 1000 * (usage.ru_utime + usage.ru_stime)


def make(folder):
    torch.manual_seed(0)
    config = BertConfig(vocab_size=VOCAB, hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512,
                        num_labels=2, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    model = BertForSequenceClassification(config)
    model.save_pretrained(folder)
    batch = {"input_ids": torch.randint(1, VOCAB, (BATCH, LENGTH)), "labels": torch.randint(0, 2, (BATCH,))}
    for count in (SHORT, LONG):
        save_file({k: v.expand(count, *v.shape).contiguous() for k, v in batch.items()}, folder / f"batches-{count}.safetensors")
    return model, batch


def time_theirs(model, batch, optimizer, steps=8):
    """Milliseconds and losses of steps; the first one of a process is slower."""
    times, losses = [], []
    for _ in range(steps):
        begin = cpu_ms(resource.RUSAGE_SELF)
        optimizer.zero_grad()
        loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        times.append(cpu_ms(resource.RUSAGE_SELF) - begin)
    return times, losses


def time_ours(tuff, folder, steps):
    begin = cpu_ms(resource.RUSAGE_CHILDREN)
    line = [tuff, "step", "--model", folder, "--inputs", folder / f"batches-{steps}.safetensors", "--output", folder / "out",
            "--learning-rate", str(RATE), "--schedule", "constant", "--json"]
    lines = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return cpu_ms(resource.RUSAGE_CHILDREN) - begin, [json.loads(row)["loss"] for row in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tuff")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    model, batch = make(options.folder)
    model, batch = model.to("vulkan").train(), {k: v.to("vulkan") for k, v in batch.items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    first = None
    theirs, ours = [], []
    for _ in range(options.turns):
        times, losses = time_theirs(model, batch, optimizer)
        first = first or losses
        theirs += times[2:]
        short, _ = time_ours(options.tuff, options.folder, SHORT)
        long, own = time_ours(options.tuff, options.folder, LONG)
        ours.append((long - short) / (LONG - SHORT))
        print(f"torchvulkan {statistics.median(times):.0f} ms, tuff {ours[-1]:.0f} ms", flush=True)
    print("losses of torchvulkan: " + " ".join(f"{x:.5f}" for x in first[:4]))
    print("losses of tuff:        " + " ".join(f"{x:.5f}" for x in own[:4]))
    theirs, ours = statistics.median(theirs), statistics.median(ours)
    print(f"medians: torchvulkan {theirs:.0f} ms, tuff {ours:.0f} ms of CPU time: {theirs / ours:.1f} times")
    sys.exit(theirs < 5 * ours)


if __name__ == "__main__":
    main()
