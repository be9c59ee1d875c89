# SPDX-License-Identifier: Apache-2.0
"""Writes a BERT of random f32 weights as llama.cpp reads it: write_gguf.py base|minilm FILE."""

import sys

import gguf

from shapes import POSITIONS, SHAPES, VOCABULARY, ones, weights

name, path = sys.argv[1:]
shape = SHAPES[name]
hidden, intermediate = shape["hidden"], shape["intermediate"]
writer = gguf.GGUFWriter(path, "bert")
writer.add_name(name)
writer.add_context_length(POSITIONS)
writer.add_embedding_length(hidden)
writer.add_feed_forward_length(intermediate)
writer.add_block_count(shape["layers"])
writer.add_head_count(shape["heads"])
writer.add_layer_norm_eps(1e-12)
writer.add_causal_attention(False)
writer.add_pooling_type(gguf.PoolingType.MEAN)
writer.add_tokenizer_model("none")
writer.add_vocab_size(VOCABULARY)
writer.add_token_type_count(2)


def linear(place, outputs, inputs):
    writer.add_tensor(f"{place}.weight", weights(outputs, inputs))
    writer.add_tensor(f"{place}.bias", weights(outputs))


def norm(place):
    writer.add_tensor(f"{place}.weight", ones(hidden))
    writer.add_tensor(f"{place}.bias", weights(hidden))


writer.add_tensor("token_embd.weight", weights(VOCABULARY, hidden))
writer.add_tensor("token_types.weight", weights(2, hidden))
writer.add_tensor("position_embd.weight", weights(POSITIONS, hidden))
norm("token_embd_norm")
for i in range(shape["layers"]):
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        linear(f"blk.{i}.{part}", hidden, hidden)
    norm(f"blk.{i}.attn_output_norm")
    linear(f"blk.{i}.ffn_up", intermediate, hidden)
    linear(f"blk.{i}.ffn_down", hidden, intermediate)
    norm(f"blk.{i}.layer_output_norm")
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
