"""Answers → llama.cpp's replies, whole and streamed.

There is no place here for thoughts, calls or choices beyond the first; the last two can't be asked for either.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from turnout.core import (
    Answer,
    Delta,
    Finish,
    Logprobs,
    PartStart,
    Refusal,
    Relayed,
    StreamEvent,
    Text,
    TokenLogprob,
    Usage,
    UsageSoFar,
)
from turnout.dialects import ReplyContext
from turnout.dialects.json_members import members
from turnout.dialects.logprobs import tokens_with_alternatives
from turnout.errors import RequestError, TurnoutError

_encode = msgspec.json.encode
_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    501: "not_supported_error",
    503: "unavailable_error",
}


def completion_body(answer: Answer, context: ReplyContext) -> bytes:
    """A whole reply."""
    choice = answer.choices[0] if answer.choices else None
    said = "".join([part.text for part in choice.parts if isinstance(part, Text | Refusal)]) if choice else ""
    finish = choice.finish if choice else None
    last = _last(said, answer.model or context.model, finish, answer.usage, _timings(answer.usage, context))
    return _encode(last | (_probabilities(choice.logprobs) if choice else {}))


class EventRenderer:
    """One streamed reply. The finish is held back until the end, when the usage is complete."""

    media_type = "text/event-stream"

    def __init__(self, context: ReplyContext) -> None:
        self._context = context
        self._said: set[int] = set()  # indexes of the parts that have a place here
        self._first: float | None = None
        self._likely: list[TokenLogprob] = []  # those that the next event says
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._relaying = False

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._relaying = True
                    frames.append(data)
                case PartStart(choice=0, part=Text(text=text) | Refusal(text=text)):
                    self._said.add(event.index)
                    if text:
                        frames.append(self._piece(text))
                case Delta(choice=0) if event.index in self._said:
                    frames.append(self._piece(event.text))
                case Logprobs(choice=0, tokens=tokens):
                    self._likely += tokens
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
        return b"".join(frames)

    def close(self) -> bytes:
        if self._relaying:
            return b""  # the provider's own last event has been passed on
        timings = _timings(self._usage, self._context, self._first)
        last = _last("", self._context.model, self._finish, self._usage, timings)
        return b"data: %b\n\n" % _encode(last | _probabilities(self._likely))

    def fail(self, error: TurnoutError) -> bytes:
        return b"data: %b\n\n" % error_body(error, self._context.request_id)

    def _piece(self, text: str) -> bytes:
        if self._first is None:
            self._first = time.perf_counter()
        more = b""
        if self._likely:
            more = b"," + members(_probabilities(self._likely))
            self._likely = []
        return b'data: {"index":0,"content":%b,"tokens":[],"stop":false%b}\n\n' % (_encode(text), more)


def _last(
    content: str, model: str, finish: Finish | None, usage: Usage | None, timings: dict[str, float]
) -> dict[str, Any]:
    """A whole reply, which a stream ends with too, its content left out."""
    counted = usage or Usage()
    return {
        "index": 0,
        "content": content,
        "tokens": [],
        "stop": True,
        "model": model,
        "tokens_predicted": counted.output,
        "tokens_evaluated": counted.input,
        "truncated": False,
        "stop_type": _stop_type(finish),
        "stopping_word": (finish and finish.stop_sequence) or "",
        "tokens_cached": counted.cached_input,
        "timings": timings,
    }


def _stop_type(finish: Finish | None) -> str:
    """What llama.cpp can't say keeps the core's word: it isn't to pass for an answer that came to its end."""
    match finish:
        case None:
            return "none"
        case Finish(stop_sequence=str()):
            return "word"
        case Finish(reason="stop"):
            return "eos"
        case Finish(reason="length"):
            return "limit"
    return finish.reason


def _timings(usage: Usage | None, context: ReplyContext, first: float | None = None) -> dict[str, float]:
    """Milliseconds as seen here: ``first`` is when the answer began, if that is known."""
    timings: dict[str, float] = {}
    if usage:
        timings |= {"cache_n": usage.cached_input, "prompt_n": usage.input, "predicted_n": usage.output}
    if context.received is None:
        return timings
    now, began = time.perf_counter(), first or context.received
    if first is not None:
        timings["prompt_ms"] = (first - context.received) * 1000
    timings["predicted_ms"] = (now - began) * 1000
    if usage and now > began:
        timings["predicted_per_second"] = usage.output / (now - began)
    return timings


def _probabilities(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    return {"completion_probabilities": tokens_with_alternatives(tokens)} if tokens else {}


def error_body(error: TurnoutError, request_id: str) -> bytes:
    """llama.cpp's error has the status for its code; ours stands beside it as ``reason``."""
    fields: dict[str, Any] = {
        "code": error.status,
        "message": error.message,
        "type": _ERROR_TYPES.get(error.status, "invalid_request_error" if error.status < 500 else "server_error"),
        "reason": error.code,
        "request_id": request_id,
    }
    if isinstance(error, RequestError) and error.param:
        fields["param"] = error.param
    return _encode({"error": fields})
