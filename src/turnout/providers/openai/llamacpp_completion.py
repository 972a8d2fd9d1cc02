"""llama.cpp's own ``/completion``, for clients that speak it too
(https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md).

A stream's events are ``data: {…}`` with ``"stop":false``; the last one has ``"stop":true`` and the counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, structs

from turnout.core import (
    ChatRequest,
    Delta,
    Deployment,
    Failure,
    Finish,
    FinishReason,
    Parameter,
    PartEnd,
    PartStart,
    Relayed,
    SSEFramer,
    Start,
    StreamEvent,
    Text,
    Usage,
    UsageSoFar,
    WireRequest,
    parameters_of,
)
from turnout.core.framing import payload_of
from turnout.errors import Unsupported
from turnout.providers import Decoder
from turnout.providers.error_words import error_in
from turnout.providers.frames import BodyReader, FrameReader
from turnout.providers.raw_fields import set_parameters
from turnout.providers.unreadable import decode_reply

from .access import Access, root_address
from .chat.decode import failure_of
from .event_stream import EventStreamRelay

_encode = msgspec.json.encode
_STOPS: dict[str, FinishReason] = {"eos": "stop", "word": "stop", "limit": "length"}
_NAMES: dict[Parameter, tuple[str, ...]] = {
    "frequency_penalty": ("frequency_penalty",),
    "logit_bias": ("logit_bias",),
    "logprobs": ("n_probs",),
    "max_tokens": ("n_predict",),
    "presence_penalty": ("presence_penalty",),
    "seed": ("seed",),
    "stop": ("stop",),
    "temperature": ("temperature",),
    "top_k": ("top_k",),
    "top_logprobs": ("n_probs",),
    "top_p": ("top_p",),
}


class _Timings(msgspec.Struct):
    cache_n: int = 0


class _Reply(msgspec.Struct):
    content: str | None = None
    model: str | None = None
    stop: bool = True
    stop_type: str | None = None
    stopping_word: str | None = None
    stopped_limit: bool = False  # of servers that are older than ``stop_type``
    tokens_predicted: int = 0
    tokens_evaluated: int = 0
    timings: _Timings | None = None
    error: Any = None


_Decoded = TypeVar("_Decoded")
_REPLY = msgspec.json.Decoder(_Reply)
_REPLIES = msgspec.json.Decoder(_Reply | list[_Reply])


class CompletionWire:
    """Only clients of this wire use it: every other request goes over OpenAI's wire, which can express more."""

    wire = "llamacpp-completion"

    def __init__(self, access: Access) -> None:
        self._access = structs.replace(access, address=root_address)

    def build(self, request: ChatRequest, deployment: Deployment) -> WireRequest:
        if request.raw is None:
            raise Unsupported("Only requests to /completion can be sent there.")
        fields = {**request.raw.fields, "model": Raw(_encode(deployment.model))}
        parameters = parameters_of(request, deployment)
        set_parameters(fields, parameters, _NAMES)
        return self._access.request(deployment, "completion", _encode(fields), changes=parameters.changes)

    def decoder(self, request: ChatRequest) -> Decoder:
        return _StreamDecoder() if request.stream else _BodyDecoder()

    def relay(self, request: ChatRequest) -> Decoder:
        return _StreamRelay() if request.stream else _BodyRelay()


class _StreamDecoder(FrameReader[tuple[str, bytes]]):
    """Each event has a piece of the text. All pieces are one part."""

    def __init__(self) -> None:
        self._framer = SSEFramer()
        self._started = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._read_all(self._framer.feed(data))

    def close(self) -> list[StreamEvent]:
        return self._read_last(self._framer.close())

    def _read_frame(self, frame: tuple[str, bytes], events: list[StreamEvent]) -> None:
        reply = _read(_REPLY, frame[1])
        if reply.error is None:
            if not self._started:
                self._started = True
                events += [Start("", reply.model or ""), PartStart(0, Text(""))]
            if reply.content:
                events.append(Delta(0, reply.content))
            if reply.stop:
                events.append(PartEnd(0))
        events += _end_of([reply])


class _BodyDecoder(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        reply = _read(_REPLY, data)
        events = [Start("", reply.model or ""), PartStart(0, Text(reply.content or "")), PartEnd(0)]
        return [*(events if reply.error is None else ()), *_end_of([reply])]


class _StreamRelay(EventStreamRelay):
    def _read_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        data = payload_of(frame)
        if not data:
            events.append(Relayed(frame, False))
        else:
            reply = _read(_REPLY, data)
            if reply.error is None:
                events.append(Relayed(frame, bool(reply.content)))
            events += _end_of([reply])


class _BodyRelay(BodyReader):
    def _read_body(self, data: bytes) -> list[StreamEvent]:
        """Several prompts give a list of replies."""
        reply = _read(_REPLIES, data)
        replies = reply if isinstance(reply, list) else [reply]
        events = _end_of(replies)
        return events if any(isinstance(event, Failure) for event in events) else [Relayed(data), *events]


def _read(decoder: msgspec.json.Decoder[_Decoded], data: bytes) -> _Decoded:
    """Another error than this wire's is read as one. Raises ``UpstreamBroken`` for what isn't of the wire."""
    reply = decode_reply(decoder, data, "The provider sent what isn't a completion.")
    if isinstance(reply, _Reply) and reply.content is None and reply.error is None:  # may be left out
        reply.error = error_in(data)
    return reply


def _end_of(replies: Iterable[_Reply]) -> list[StreamEvent]:
    """The usage of all replies together, and the finish of each. An error in one replaces them all."""
    events: list[StreamEvent] = []
    input_tokens = cached_tokens = output_tokens = 0
    for choice, reply in enumerate(replies):
        if reply.error is not None:
            return [failure_of(reply.error)]
        input_tokens += reply.tokens_evaluated
        output_tokens += reply.tokens_predicted
        cached_tokens += reply.timings.cache_n if reply.timings else 0
        if reply.stop:
            native = reply.stop_type or ("limit" if reply.stopped_limit else "eos")
            events.append(Finish(_STOPS.get(native, "other"), native, choice, reply.stopping_word or None))
    if events and (input_tokens or output_tokens):
        cached_input = min(cached_tokens, input_tokens)
        events.insert(0, UsageSoFar(Usage(input=input_tokens, output=output_tokens, cached_input=cached_input)))
    return events
