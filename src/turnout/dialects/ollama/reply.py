"""Answers → Ollama's replies, and the parts of them that a stream of lines shares.

A client of this dialect can't request more than one choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from turnout.core import Answer, Finish, Image, Part, Refusal, Text, Thinking, TokenLogprob, ToolCall, Usage
from turnout.dialects import ReplyContext
from turnout.dialects.arguments import arguments_object
from turnout.dialects.json_members import members
from turnout.dialects.logprobs import token_fields

encode = msgspec.json.encode
_REASONS = {"stop": "stop", "tool_calls": "stop", "length": "length"}
"""Ollama writes ``stop`` after tool calls, too. Reasons that are missing here are sent with the core's word."""
_NATIVE_REASONS = frozenset({"load", "unload"})


CHAT = b'"message":{"role":"assistant","content":%b}'
"""The template of the member that holds a piece of the answer: the text as JSON, and perhaps other members."""
GENERATE = b'"response":%b'
"""The same for ``/api/generate``."""

_BODY = b"{%b,%b%b,%b}"  # head, answer, log probabilities, end
_LATEST = 253_402_300_799  # seconds: the end of the year 9999. A provider's clock may be wrong, and dates end there


def answer_body(template: bytes, answer: Answer, context: ReplyContext) -> bytes:
    """A whole reply."""
    choice = answer.choices[0] if answer.choices else None
    parts = choice.parts if choice else ()
    text = encode("".join([part.text for part in parts if isinstance(part, Text | Refusal)]))
    head = head_members(answer.model or context.model, answer.created or context.created)
    logprobs = logprobs_member(choice.logprobs if choice else ())
    end = end_fields(choice.finish if choice else None, answer.usage, context)
    return _BODY % (head, template % (text + _other_members(parts)), logprobs, members(end))


def head_members(model: str, created: int) -> bytes:
    """The members that every line begins with. ``created`` is a Unix time in seconds."""
    created_at = datetime.fromtimestamp(max(0, min(created, _LATEST)), UTC)
    return members({"model": model, "created_at": created_at})


def end_fields(finish: Finish | None, usage: Usage | None, context: ReplyContext) -> dict[str, Any]:
    """The members of the last line. Durations are in nanoseconds; those inside the provider aren't known."""
    fields: dict[str, Any] = {"done": finish is not None}
    if finish:
        native = finish.native_reason
        fields["done_reason"] = native if native in _NATIVE_REASONS else _REASONS.get(finish.reason, finish.reason)
    if context.received is not None:
        fields["total_duration"] = round((time.perf_counter() - context.received) * 1e9)
    if usage:
        fields |= {"prompt_eval_count": usage.input, "eval_count": usage.output}
    return fields


def _other_members(parts: Sequence[Part]) -> bytes:
    fields: dict[str, Any] = {
        "thinking": "".join([part.text for part in parts if isinstance(part, Thinking)]),
        "images": [part.data for part in parts if isinstance(part, Image) and part.data],
        "tool_calls": call_fields(part for part in parts if isinstance(part, ToolCall)),
    }
    return b"".join([b',"%b":%b' % (name.encode(), encode(value)) for name, value in fields.items() if value])


def call_fields(calls: Iterable[ToolCall], first: int = 0) -> list[dict[str, Any]]:
    """``first`` is the index of the first call."""
    return [
        {"id": call.id, "function": {"index": index, "name": call.name, "arguments": arguments_object(call.arguments)}}
        for index, call in enumerate(calls, first)
    ]


def logprobs_member(tokens: Sequence[TokenLogprob]) -> bytes:
    """``,"logprobs":[…]``; empty without tokens."""
    if not tokens:
        return b""
    fields = [
        token_fields(token) | ({"top_logprobs": [token_fields(top) for top in token.top]} if token.top else {})
        for token in tokens
    ]
    return b',"logprobs":' + encode(fields)
