"""Answers → llama.cpp's replies, whole and streamed.

This wire has no field for thoughts, tool calls or a second choice. Its clients can't request the last two either.
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
    Seam,
    StreamEvent,
    Text,
    TokenLogprob,
    Usage,
    UsageSoFar,
)
from turnout.dialects import SSE_COMMENT, ReplyContext, seam_comment
from turnout.dialects.json_members import members
from turnout.dialects.logprobs import tokens_with_alternatives
from turnout.errors import TurnoutError

from .errors import error_body

_encode = msgspec.json.encode


def completion_body(answer: Answer, context: ReplyContext) -> bytes:
    """A whole reply."""
    choice = answer.choices[0] if answer.choices else None
    text = "".join([part.text for part in choice.parts if isinstance(part, Text | Refusal)]) if choice else ""
    finish = choice.finish if choice else None
    last = _last_event(text, answer.model or context.model, finish, answer.usage, _timings(answer.usage, context))
    return _encode(last | (_probabilities(choice.logprobs) if choice else {}))


class EventRenderer:
    """One streamed reply. Its last event holds the finish and the complete usage."""

    media_type = "text/event-stream"
    keepalive = SSE_COMMENT

    def __init__(self, context: ReplyContext) -> None:
        self._context = context
        self._text_parts: set[int] = set()  # indexes of texts and refusals
        self._answer_began: float | None = None  # ``time.perf_counter`` of the first text
        self._logprobs: list[TokenLogprob] = []  # the tokens of the next event
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
                    self._text_parts.add(event.index)
                    if text:
                        frames.append(self._piece(text))
                case Delta(choice=0) if event.index in self._text_parts:
                    frames.append(self._piece(event.text))
                case Logprobs(choice=0, tokens=tokens):
                    self._logprobs += tokens
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Finish(choice=0):
                    self._finish = event
                case Seam(deployment=deployment, relayed=relayed):
                    self.feed(relayed)
                    self._relaying = False
                    frames.append(seam_comment(deployment))
        return b"".join(frames)

    def close(self) -> bytes:
        if self._relaying:
            return b""  # the provider's own last event was relayed
        timings = _timings(self._usage, self._context, self._answer_began)
        last = _last_event("", self._context.model, self._finish, self._usage, timings)
        return b"data: %b\n\n" % _encode(last | _probabilities(self._logprobs))

    def fail(self, error: TurnoutError) -> bytes:
        return b"data: %b\n\n" % error_body(error, self._context.request_id)

    def _piece(self, text: str) -> bytes:
        if self._answer_began is None:
            self._answer_began = time.perf_counter()
        logprobs = b""
        if self._logprobs:
            logprobs = b"," + members(_probabilities(self._logprobs))
            self._logprobs = []
        return b'data: {"index":0,"content":%b,"tokens":[],"stop":false%b}\n\n' % (_encode(text), logprobs)


def _last_event(
    content: str, model: str, finish: Finish | None, usage: Usage | None, timings: dict[str, float]
) -> dict[str, Any]:
    """A whole reply. A stream ends with one that has no content."""
    usage = usage or Usage()
    return {
        "index": 0,
        "content": content,
        "tokens": [],
        "stop": True,
        "model": model,
        "tokens_predicted": usage.output,
        "tokens_evaluated": usage.input,
        "truncated": False,
        "stop_type": _stop_type(finish),
        "stopping_word": (finish and finish.stop_sequence) or "",
        "tokens_cached": usage.cached_input,
        "timings": timings,
    }


def _stop_type(finish: Finish | None) -> str:
    """Sends the core's word for a reason that llama.cpp doesn't have, so that the answer doesn't seem complete."""
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


def _timings(usage: Usage | None, context: ReplyContext, answer_began: float | None = None) -> dict[str, float]:
    """Durations in milliseconds, measured by Turnout. ``answer_began`` is a ``time.perf_counter``; None if unknown."""
    timings: dict[str, float] = {}
    if usage:
        timings |= {"cache_n": usage.cached_input, "prompt_n": usage.input, "predicted_n": usage.output}
    if context.received is None:
        return timings
    now, began = time.perf_counter(), answer_began or context.received
    if answer_began is not None:
        timings["prompt_ms"] = (answer_began - context.received) * 1000
    timings["predicted_ms"] = (now - began) * 1000
    if usage and now > began:
        timings["predicted_per_second"] = usage.output / (now - began)
    return timings


def _probabilities(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    return {"completion_probabilities": tokens_with_alternatives(tokens)} if tokens else {}
