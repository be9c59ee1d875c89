#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a BERT of a known shape with random weights, as Hugging Face would: config.json and model.safetensors,
and the tokenizer files of another folder if one is named. For sizes and speeds, not for answers."""

import argparse
import json
import pathlib
import shutil

import numpy
from safetensors.numpy import save_file

SHAPES = {  # hidden size, layers, heads, intermediate size
    "tiny": (128, 2, 2, 512),
    "minilm": (384, 6, 12, 1536),
    "base": (768, 12, 12, 3072),
    "large": (1024, 24, 16, 4096),
}


def parameters(hidden, layers, intermediate, vocab, positions):
    yield "embeddings.word_embeddings.weight", (vocab, hidden)
    yield "embeddings.position_embeddings.weight", (positions, hidden)
    yield "embeddings.token_type_embeddings.weight", (2, hidden)
    yield from norm("embeddings.LayerNorm", hidden)
    for layer in range(layers):
        prefix = f"encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            yield from linear(f"{prefix}attention.self.{name}", hidden, hidden)
        yield from linear(f"{prefix}attention.output.dense", hidden, hidden)
        yield from norm(f"{prefix}attention.output.LayerNorm", hidden)
        yield from linear(f"{prefix}intermediate.dense", intermediate, hidden)
        yield from linear(f"{prefix}output.dense", hidden, intermediate)
        yield from norm(f"{prefix}output.LayerNorm", hidden)
    yield from linear("pooler.dense", hidden, hidden)


def linear(name, outputs, inputs):
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def norm(name, size):
    yield f"{name}.weight", (size,)
    yield f"{name}.bias", (size,)


def draw(generator, name, shape):
    if name.endswith("LayerNorm.weight"):
        return numpy.ones(shape, numpy.float32)
    if name.endswith(".bias"):
        return numpy.zeros(shape, numpy.float32)
    return generator.standard_normal(shape, numpy.float32) * numpy.float32(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="base")
    parser.add_argument("--vocab-size", type=int, default=30522)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokenizer", type=pathlib.Path, help="folder whose tokenizer files are copied")
    parser.add_argument("output", type=pathlib.Path)
    options = parser.parse_args()
    hidden, layers, heads, intermediate = SHAPES[options.shape]
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": intermediate,
        "vocab_size": options.vocab_size,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    generator = numpy.random.default_rng(options.seed)
    weights = {name: draw(generator, name, shape)
               for name, shape in parameters(hidden, layers, intermediate, options.vocab_size, 512)}
    save_file(weights, options.output / "model.safetensors", metadata={"format": "pt"})
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        if options.tokenizer and (options.tokenizer / name).exists():
            shutil.copyfile(options.tokenizer / name, options.output / name)


if __name__ == "__main__":
    main()
