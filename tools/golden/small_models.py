#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/models and tests/data/goldens: small BERT models of random weights and what transformers makes
of them in float64, so that the forward pass is proven without anything beside the checkout.

    small_models.py VOCAB tests/data [NAME...]      VOCAB: all-MiniLM-L6-v2's vocab.txt, of which some entries are taken

The examples in the help of the commands run on these models.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

SHARED = dict(hidden_size=40, num_hidden_layers=2, num_attention_heads=2, intermediate_size=72, type_vocab_size=2,
              max_position_embeddings=48, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
              initializer_range=0.2, attn_implementation="eager")
MODELS = {
    "small-pretraining": (transformers.BertForPreTraining, dict()),
    "small-classes": (transformers.BertForSequenceClassification,
                      dict(num_labels=3, hidden_act="gelu_new", problem_type="single_label_classification")),
    "small-answer": (transformers.BertForQuestionAnswering, dict(num_attention_heads=5, layer_norm_eps=1e-5)),
    "small-number": (transformers.BertForSequenceClassification,
                     dict(num_labels=1, hidden_act="relu", problem_type="regression")),
    "small-labels": (transformers.BertForSequenceClassification,
                     dict(num_labels=4, problem_type="multi_label_classification",
                          id2label={0: "weather", 1: "food", 2: "travel", 3: "music"})),
    "small-choice": (transformers.BertForMultipleChoice, dict(hidden_act="silu")),
    "small-tags": (transformers.BertForTokenClassification,
                   dict(num_labels=5, id2label={0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC"})),
}
BATCH, LENGTH = 5, 19


def choose_vocabulary(path):
    """Special tokens, characters and their continuations, and every fortieth of the first words."""
    tokens = path.read_text(encoding="utf-8").split("\n")
    chosen = [t for t in tokens if t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    chosen += [t for t in tokens if len(t) == 1 and t.isascii()]
    chosen += [t for t in tokens if len(t) == 3 and t.startswith("##") and t.isascii() and t[2].isalnum()]
    chosen += [t for t in tokens[2000:4000:40] if t.isalpha() and t.isascii() and t not in chosen]
    return chosen


def draw_inputs(model_class, config, generator):
    lengths = [LENGTH, 7, 12, 1, 15]
    inputs = {
        "input_ids": torch.randint(5, config.vocab_size, (BATCH, LENGTH), generator=generator),
        "token_type_ids": torch.zeros(BATCH, LENGTH, dtype=torch.int64),
        "attention_mask": torch.zeros(BATCH, LENGTH, dtype=torch.int64),
    }
    for row, length in enumerate(lengths):
        inputs["attention_mask"][row, :length] = 1
        inputs["token_type_ids"][row, length // 2:length] = 1
        inputs["input_ids"][row, length:] = 0
    if model_class is transformers.BertForPreTraining:
        labels = torch.full((BATCH, LENGTH), -100)
        labels[:, ::4] = torch.randint(5, config.vocab_size, (BATCH, (LENGTH + 3) // 4), generator=generator)
        labels[inputs["attention_mask"] == 0] = -100
        inputs["labels"] = labels
        inputs["next_sentence_label"] = torch.tensor([0, 1, 1, 0, 1])
    elif model_class is transformers.BertForMultipleChoice:
        inputs = {name: torch.stack([value, value.flip(0)], 1) for name, value in inputs.items()}
        inputs["labels"] = torch.tensor([0, 1, 1, 0, 1])
    elif model_class is transformers.BertForTokenClassification:
        inputs["labels"] = torch.randint(0, config.num_labels, (BATCH, LENGTH), generator=generator)
        inputs["labels"][inputs["attention_mask"] == 0] = -100
    elif config.problem_type == "regression":
        inputs["labels"] = torch.tensor([0.5, -1.25, 3.0, 0.0, 2.0])
    elif config.problem_type == "multi_label_classification":
        inputs["labels"] = torch.randint(0, 2, (BATCH, config.num_labels), generator=generator).float()
    elif model_class is transformers.BertForQuestionAnswering:
        inputs["start_positions"] = torch.tensor([3, 2, 0, 0, 40])
        inputs["end_positions"] = torch.tensor([5, 2, 11, 0, 14])
    else:
        inputs["labels"] = torch.tensor([0, 2, 1, -100, 1])
    return inputs


def run(model, inputs):
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True, output_attentions=True)
        pooled = None
        if model.bert.pooler is not None:
            pooled = model.bert.pooler(out.hidden_states[-1])
    results = {f"hidden.{i}": h for i, h in enumerate(out.hidden_states)}
    results |= {f"attn.{i}": a for i, a in enumerate(out.attentions)}
    for name in ("logits", "start_logits", "end_logits", "prediction_logits", "seq_relationship_logits", "loss"):
        if getattr(out, name, None) is not None:
            results[name] = getattr(out, name)
    if pooled is not None:
        results["pooler_output"] = pooled
    return results


def write_model(name, model_class, options, vocabulary, data):
    folder = data / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    config = transformers.BertConfig(**(SHARED | options | dict(vocab_size=len(vocabulary))))
    torch.manual_seed(sum(map(ord, name)))
    model = model_class(config).eval()
    model.save_pretrained(folder)
    for extra in folder.glob("generation_config.json"):
        extra.unlink()
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    return model, config


def write_golden(name, model, inputs, data):
    folder = data / "goldens" / name
    folder.mkdir(parents=True, exist_ok=True)
    single = run(model, inputs)
    double = run(model.double(), {k: v.double() if v.is_floating_point() else v for k, v in inputs.items()})
    outputs = {}
    for key, value in double.items():
        error = (value - single[key].double()).abs().max().item()
        outputs[key] = {"max_abs": value.abs().max().item(), "hf_fp32_err": error}
    tensors = {f"in.{k}": v for k, v in inputs.items()} | {f"f64.{k}": v.contiguous() for k, v in double.items()}
    save_file(tensors, folder / "forward.safetensors")
    case = {"file": "forward.safetensors", "kind": "forward", "outputs": outputs}
    (folder / "golden.json").write_text(json.dumps({"cases": [case]}, indent=1) + "\n")


def main():
    vocabulary = choose_vocabulary(pathlib.Path(sys.argv[1]))
    data = pathlib.Path(sys.argv[2])
    for name in sys.argv[3:] or MODELS:
        model_class, options = MODELS[name]
        model, config = write_model(name, model_class, options, vocabulary, data)
        generator = torch.Generator().manual_seed(1)
        write_golden(name, model, draw_inputs(model_class, config, generator), data)


if __name__ == "__main__":
    main()
