"""Writes a model file with random weights, small enough to make in a second, for llama.cpp to load and run for real.

It answers with words of ``WORDS`` in an order that depends on all text before them, and never ends by itself. So it is
good for tests of engines (tokens, counts, limits, stops, streams), but not of models.

usage: tiny_gguf.py FILE        needs the packages of live-requirements.txt
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import gguf
import numpy as np
from numpy.typing import NDArray

LAYERS, WIDTH, HEADS, HIDDEN, CONTEXT = 2, 64, 4, 128, 4096
WORDS = (
    *("a", "the", "train", "takes", "leaves", "track", "station", "platform", "signal", "left", "right", "slow"),
    *("fast", "north", "south", "east", "west", "on", "to", "from"),
)
SPECIAL = ("<unk>", "<s>", "</s>")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
BEGINNINGS = sorted({f"▁{word[:at]}" for word in WORDS for at in range(1, len(word))} - {f"▁{word}" for word in WORDS})
"""So that the tokenizer, which joins neighbours, finds in a text the words that the model has said."""
TOKENS = (*SPECIAL, *BYTES, "▁", *BEGINNINGS, *(f"▁{word}" for word in WORDS))
FIRST_WORD = len(TOKENS) - len(WORDS)
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}:{% if message['role'] != 'assistant' %} {% endif %}"
    "{{ message['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)

random = np.random.default_rng(seed=2)


def matrix(rows: int, columns: int) -> NDArray[np.float32]:
    return random.normal(scale=columns**-0.5, size=(rows, columns)).astype(np.float32)


def output() -> NDArray[np.float32]:
    """Only words are likely. All other tokens have no weight, also the end."""
    weights = matrix(len(TOKENS), WIDTH) * 20
    weights[:FIRST_WORD] = 0
    return weights


def tensors() -> Iterator[tuple[str, NDArray[np.float32]]]:
    ones = np.ones(WIDTH, np.float32)
    yield "token_embd.weight", matrix(len(TOKENS), WIDTH)
    for layer in range(LAYERS):
        yield f"blk.{layer}.attn_norm.weight", ones
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", matrix(WIDTH, WIDTH)
        yield f"blk.{layer}.ffn_norm.weight", ones
        yield f"blk.{layer}.ffn_gate.weight", matrix(HIDDEN, WIDTH)
        yield f"blk.{layer}.ffn_up.weight", matrix(HIDDEN, WIDTH)
        yield f"blk.{layer}.ffn_down.weight", matrix(WIDTH, HIDDEN)
    yield "output_norm.weight", ones
    yield "output.weight", output()


def describe(model: gguf.GGUFWriter) -> None:
    model.add_context_length(CONTEXT)
    model.add_embedding_length(WIDTH)
    model.add_block_count(LAYERS)
    model.add_feed_forward_length(HIDDEN)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_rope_dimension_count(WIDTH // HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_vocab_size(len(TOKENS))


def describe_tokens(model: gguf.GGUFWriter) -> None:
    kinds = [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * 2, *[gguf.TokenType.BYTE] * len(BYTES)]
    model.add_tokenizer_model("llama")
    model.add_token_list(TOKENS)
    model.add_token_scores([0.0] * FIRST_WORD + [float(len(word)) for word in WORDS])
    model.add_token_types(kinds + [gguf.TokenType.NORMAL] * (len(TOKENS) - len(kinds)))
    model.add_unk_token_id(0)
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)
    model.add_chat_template(TEMPLATE)


def main(path: str) -> None:
    model = gguf.GGUFWriter(path, "llama")
    describe(model)
    describe_tokens(model)
    for name, weights in tensors():
        model.add_tensor(name, weights)
    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


if __name__ == "__main__":
    main(sys.argv[1])
