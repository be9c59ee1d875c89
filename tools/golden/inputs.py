# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/inputs.safetensors: "A first text." and "And a second one, longer." as all-MiniLM-L6-v2's
tokenizer splits them, padded to one length; the example of `tuff forward --help`.

    python3 tools/golden/inputs.py
"""
import json
import pathlib
import struct

rows = [[101, 1037, 2034, 3793, 1012, 102, 0, 0, 0], [101, 1998, 1037, 2117, 2028, 1010, 2936, 1012, 102]]
masks = [[1] * 6 + [0] * 3, [1] * 9]
header, data = {}, b""
for name, values in (("input_ids", rows), ("attention_mask", masks)):
    flat = [value for row in values for value in row]
    header[name] = {"dtype": "I64", "shape": [2, 9], "data_offsets": [len(data), len(data) + 8 * len(flat)]}
    data += struct.pack(f"<{len(flat)}q", *flat)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
path = pathlib.Path(__file__).parents[2] / "tests/data/inputs.safetensors"
path.write_bytes(struct.pack("<Q", len(text)) + text + data)
