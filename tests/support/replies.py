"""A small whole reply and a streamed one on every wire: a new wire adds its own, and is held to the contract."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


def sse(*events: Any, named: bool = False) -> bytes:
    frames = [(f"event: {e['type']}\n" if named else "") + f"data: {json.dumps(e)}\n\n" for e in events]
    return "".join(frames).encode()


def lines(*replies: Any) -> bytes:
    return "".join(json.dumps(reply, separators=(",", ":")) + "\n" for reply in replies).encode()


def _openai(**choice: Any) -> dict[str, Any]:
    return {"id": "1", "model": "m", "created": 1, "choices": [{"index": 0, "finish_reason": None} | choice]}


def _gemini(text: str, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, **more}
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "1"}


def _ollama(text: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": False,
    } | more


_OPENAI_USAGE = {"usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}}
_GEMINI_USAGE = {"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}}
_OLLAMA_END = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}
_ANTHROPIC = {"id": "1", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
_BLOCK = {"type": "content_block_delta", "index": 0}


class Sample(NamedTuple):
    """``finish`` is what the wire says, in both replies, where the answer is whole. ``model`` is empty where a reply
    doesn't name its model.
    """

    whole: bytes
    streamed: bytes
    finish: bytes
    model: str = "m"

    def reply(self, stream: bool) -> bytes:
        return self.streamed if stream else self.whole


REPLIES: dict[str, Sample] = {
    "openai-chat": Sample(
        json.dumps(_openai(message={"content": "Hellö"}, finish_reason="stop") | _OPENAI_USAGE).encode(),
        sse(
            _openai(delta={"role": "assistant", "content": ""}),
            _openai(delta={"content": "Hel"}),
            _openai(delta={"content": "lö"}),
            _openai(delta={}, finish_reason="stop"),
            {"choices": []} | _OPENAI_USAGE,
        )
        + b"data: [DONE]\n\n",
        finish=b'"finish_reason": "stop"',
    ),
    "anthropic-messages": Sample(
        json.dumps(
            _ANTHROPIC
            | {
                "content": [{"type": "text", "text": "Hellö"}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 7, "output_tokens": 3},
            }
        ).encode(),
        sse(
            {
                "type": "message_start",
                "message": _ANTHROPIC
                | {"content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}},
            },
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            _BLOCK | {"delta": {"type": "text_delta", "text": "Hel"}},
            _BLOCK | {"delta": {"type": "text_delta", "text": "lö"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
            {"type": "message_stop"},
            named=True,
        ),
        finish=b'"end_turn"',
    ),
    "gemini": Sample(
        json.dumps(_gemini("Hellö", finishReason="STOP") | _GEMINI_USAGE).encode(),
        sse(_gemini("Hel"), _gemini("lö", finishReason="STOP") | _GEMINI_USAGE),
        finish=b'"STOP"',
    ),
    "ollama": Sample(
        lines(_ollama("Hellö", **_OLLAMA_END)),
        lines(_ollama("Hel"), _ollama("lö"), _ollama("", **_OLLAMA_END)),
        finish=b'"done":true',
    ),
}
"""A whole reply and a streamed one for every wire. Both say "Hellö" with 7 and 3 tokens."""
