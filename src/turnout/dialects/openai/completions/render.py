"""Core events and answers → text completions. This wire has no field for thoughts. A refusal is text, too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from turnout.core import (
    Answer,
    Choice,
    Delta,
    Finish,
    Logprobs,
    PartStart,
    Refusal,
    Relayed,
    Seam,
    Start,
    StreamEvent,
    Text,
    TokenLogprob,
    Usage,
    UsageSoFar,
)
from turnout.dialects import SSE_COMMENT, ReplyContext, seam_comment
from turnout.dialects.json_members import members
from turnout.dialects.openai.chat.render import usage_fields
from turnout.dialects.openai.errors import error_body
from turnout.errors import TurnoutError

_encode = msgspec.json.encode
_REASONS = {"length": "length", "content_filter": "content_filter", "refusal": "content_filter", "other": "length"}
"""The rest is ``stop``. An end that isn't normal leaves an answer that isn't whole."""

_CHUNK = b'data: {%b,"choices":[{"text":%b,"index":%d,"logprobs":%b,"finish_reason":%b}]}\n\n'
_USAGE_CHUNK = b'data: {%b,"choices":[],"usage":%b}\n\n'


class TextRenderer:
    """One stream of ``text_completion`` events."""

    media_type = "text/event-stream"
    keepalive = SSE_COMMENT

    def __init__(self, context: ReplyContext, show_usage: bool) -> None:
        self._context = context
        self._show_usage = show_usage
        self._usage: Usage | None = None
        self._relaying = False
        self._head = members(_fields("", "", 0, context))
        self._texts: set[tuple[int, int]] = set()  # (choice, part) of texts and refusals
        self._offsets: dict[int, int] = {}  # choice → characters of the tokens that were sent
        self._logprobs: dict[int, bytes] = {}  # choice → the JSON of its next chunk's tokens

    def feed(self, events: Sequence[StreamEvent]) -> bytes:
        frames = []
        for event in events:
            match event:
                case Relayed(data=data):
                    self._relaying = True
                    frames.append(data)
                case Delta(index=index, text=text, choice=choice) if (choice, index) in self._texts:
                    frames.append(self._chunk(choice, text))
                case PartStart(part=Text(text=text) | Refusal(text=text), index=index, choice=choice):
                    self._texts.add((choice, index))
                    frames.append(self._chunk(choice, text) if text else b"")
                case Start(id=completion_id, model=model, created=created):
                    self._head = members(_fields(completion_id, model, created, self._context))
                case Finish() if not self._relaying:
                    frames.append(self._chunk(event.choice, "", _encode(_REASONS.get(event.reason, "stop"))))
                case UsageSoFar(usage=usage):
                    self._usage = usage
                case Logprobs(tokens=tokens, choice=choice):
                    offset = self._offsets.get(choice, 0)
                    self._offsets[choice] = offset + sum(len(token.token) for token in tokens)
                    self._logprobs[choice] = _encode(_logprobs(tokens, offset))
                case Seam(deployment=deployment, relayed=relayed):
                    self.feed(relayed)
                    self._relaying = False
                    frames.append(seam_comment(deployment))
        return b"".join(frames)

    def close(self) -> bytes:
        if self._relaying:
            return b""  # the provider's own end was relayed
        frames = b""
        if self._show_usage and self._usage:
            frames = _USAGE_CHUNK % (self._head, _encode(usage_fields(self._usage)))
        return frames + b"data: [DONE]\n\n"

    def fail(self, error: TurnoutError) -> bytes:
        return b"data: %s\n\n" % error_body(error, self._context.request_id)

    def _chunk(self, choice: int, text: str, finish: bytes = b"null") -> bytes:
        return _CHUNK % (self._head, _encode(text), choice, self._logprobs.pop(choice, b"null"), finish)


def _fields(completion_id: str, model: str, created: int, context: ReplyContext) -> dict[str, Any]:
    return {
        "id": completion_id or f"cmpl-{context.request_id}",
        "object": "text_completion",
        "created": created or context.created,
        "model": model or context.model,
    }


def completion_body(answer: Answer, context: ReplyContext) -> bytes:
    """A whole ``text_completion``."""
    completion = _fields(answer.id, answer.model, answer.created, context)
    completion["choices"] = [_choice(choice) for choice in answer.choices]
    if answer.usage:
        completion["usage"] = usage_fields(answer.usage)
    return _encode(completion)


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "text": "".join([part.text for part in choice.parts if isinstance(part, Text | Refusal)]),
        "index": choice.index,
        "logprobs": _logprobs(choice.logprobs, 0) if choice.logprobs else None,
        "finish_reason": _REASONS.get(choice.finish.reason, "stop") if choice.finish else None,
    }


def _logprobs(tokens: Iterable[TokenLogprob], offset: int) -> dict[str, list[Any]]:
    """This API has one list for each field of a token. ``offset`` is the first token's position, in characters."""
    tokens = list(tokens)
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.token)
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{top.token: top.logprob for top in token.top} for token in tokens],
        "text_offset": offsets,
    }
