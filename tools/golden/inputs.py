# SPDX-License-Identifier: Apache-2.0
"""Writes the small inputs that examples of --help use:

tests/data/inputs.safetensors    "A first text." and "And a second one, longer." as all-MiniLM-L6-v2's tokenizer splits
                                 them, padded to one length: `tuff forward`
tests/data/labelled.safetensors  two rows of tests/data/models/small-classes with their classes: `tuff gradients`
tests/data/batches.safetensors   three such batches: `tuff step`

    python3 tools/golden/inputs.py
"""
import json
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parents[2] / "tests/data"


def shape_of(values):
    return [len(values), *shape_of(values[0])] if isinstance(values, list) else []


def flatten(values):
    return [number for part in values for number in flatten(part)] if isinstance(values, list) else [values]


def write(name, **arrays):
    header, data = {}, b""
    for key, values in arrays.items():
        flat = flatten(values)
        header[key] = {"dtype": "I64", "shape": shape_of(values), "data_offsets": [len(data), len(data) + 8 * len(flat)]}
        data += struct.pack(f"<{len(flat)}q", *flat)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


rows = [[101, 1037, 2034, 3793, 1012, 102, 0, 0, 0], [101, 1998, 1037, 2117, 2028, 1010, 2936, 1012, 102]]
write("inputs.safetensors", input_ids=rows, attention_mask=[[1] * 6 + [0] * 3, [1] * 9])

ids = [[[2, 40 + i, 60 + i, 3, 0], [2, 90 + i, 17, 30 + i, 3]] for i in range(3)]
mask = [[1, 1, 1, 1, 0], [1] * 5]
write("labelled.safetensors", input_ids=ids[0], attention_mask=mask, labels=[0, 2])
write("batches.safetensors", input_ids=ids, attention_mask=[mask] * 3, labels=[[0, 2], [1, 1], [2, 0]])
