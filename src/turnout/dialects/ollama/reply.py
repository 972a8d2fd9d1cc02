"""Answers → Ollama's replies, and what a stream of lines has in common with them.

Choices beyond the first can't be asked for in this dialect.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from turnout.core import Answer, Finish, Image, Part, Refusal, Text, Thinking, TokenLogprob, ToolCall, Usage
from turnout.dialects import ReplyContext
from turnout.errors import AllDeploymentsFailed, RequestError, TurnoutError

encode = msgspec.json.encode
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_REASONS = {"stop": "stop", "tool_calls": "stop", "length": "length"}
"""Ollama says ``stop`` after tool calls, too. Other reasons keep the core's word rather than pass for one of these."""
_NATIVE = frozenset({"load", "unload"})


class Form(NamedTuple):
    """How an endpoint says a piece of the answer: ``opening``, the text as JSON, other fields, ``closing``."""

    opening: bytes
    closing: bytes


CHAT = Form(b'"message":{"role":"assistant","content":', b"}")
GENERATE = Form(b'"response":', b"")
_LATEST = 253_402_300_799
"""The end of the year 9999: providers' clocks may say anything, dates end there."""


def answer_body(form: Form, answer: Answer, context: ReplyContext) -> bytes:
    """A whole reply."""
    choice = answer.choices[0] if answer.choices else None
    parts = choice.parts if choice else ()
    said = encode("".join([part.text for part in parts if isinstance(part, Text | Refusal)]))
    body = head_of(answer.model or context.model, answer.created or context.created)
    body += form.opening + said + _more(parts) + form.closing
    if choice and choice.logprobs:
        body += b',"logprobs":' + encode(logprob_fields(choice.logprobs))
    finish = choice.finish if choice else None
    return body + b"," + encode(end_fields(finish, answer.usage, context))[1:]


def head_of(model: str, created: int) -> bytes:
    """The beginning of every line, after which a field may follow."""
    moment = datetime.fromtimestamp(max(0, min(created, _LATEST)), UTC)
    return encode({"model": model, "created_at": moment})[:-1] + b","


def end_fields(finish: Finish | None, usage: Usage | None, context: ReplyContext) -> dict[str, Any]:
    """What only the last line says. Durations are nanoseconds; how the provider spent them, nobody knows."""
    fields: dict[str, Any] = {"done": finish is not None}
    if finish:
        word = finish.native_reason
        fields["done_reason"] = word if word in _NATIVE else _REASONS.get(finish.reason, finish.reason)
    if context.received is not None:
        fields["total_duration"] = round((time.perf_counter() - context.received) * 1e9)
    if usage:
        fields |= {"prompt_eval_count": usage.input, "eval_count": usage.output}
    return fields


def _more(parts: Sequence[Part]) -> bytes:
    fields: dict[str, Any] = {
        "thinking": "".join([part.text for part in parts if isinstance(part, Thinking)]),
        "images": [part.data for part in parts if isinstance(part, Image) and part.data],
        "tool_calls": call_fields(part for part in parts if isinstance(part, ToolCall)),
    }
    return b"".join([b',"%b":%b' % (name.encode(), encode(value)) for name, value in fields.items() if value])


def call_fields(calls: Iterable[ToolCall], first: int = 0) -> list[dict[str, Any]]:
    """``first`` is the number of calls before these."""
    return [
        {"id": call.id, "function": {"index": index, "name": call.name, "arguments": _arguments(call.arguments)}}
        for index, call in enumerate(calls, first)
    ]


def _arguments(text: str) -> Raw:
    """Arguments have to be an object. Those that aren't, because the model was cut short or made a mistake, are kept
    as text in one, under the name that Anthropic advises for them.
    """
    try:
        _OBJECT.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError):
        return Raw(encode({"INVALID_JSON": text}))
    return Raw((text or "{}").encode())


def logprob_fields(tokens: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    return [
        _logprob(token) | ({"top_logprobs": [_logprob(top) for top in token.top]} if token.top else {})
        for token in tokens
    ]


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    """A provider that says no bytes has whole characters in its tokens."""
    spelled = token.token.encode(errors="replace") if token.bytes is None else token.bytes
    return {"token": token.token, "logprob": token.logprob, "bytes": list(spelled)}


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """Ollama's error is a text; what ours say besides stands beside it."""
    fields: dict[str, Any] = {"error": error.message, "code": error.code, "request_id": request_id}
    if isinstance(error, RequestError) and error.param:
        fields["param"] = error.param
    if isinstance(error, AllDeploymentsFailed):
        fields["failures"] = [
            {"deployment": deployment, "status": failure.status, "code": failure.code, "message": failure.message}
            for deployment, failure in error.failures
        ]
    return encode(fields)
