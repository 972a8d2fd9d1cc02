"""OpenAI's form, which the earlier interfaces share: requests become keyword arguments, and return values are read.

The provider ``compatible`` does the work. A method gets the fields of its request, and the return value is decoded as
its reply. So tools, images, reasoning and usage mean the same as there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

import msgspec
from msgspec import structs

from turnout.core import (
    ChatRequest,
    Delta,
    Deployment,
    EmbeddingRequest,
    Finish,
    PartEnd,
    PartStart,
    Sampling,
    Start,
    StreamEvent,
    Support,
    Text,
)
from turnout.errors import Unsupported, UpstreamBroken
from turnout.providers import Decoder, WireProvider, registry

WIRE = "openai-chat"
"""A client's own fields of this wire reach the method as they came."""

SUPPORT = Support(
    namespace="openai",
    knobs=frozenset(Sampling.__struct_fields__),
    audio=True,
    files=True,
    choices=True,
)
"""The method gets every field that OpenAI's form has, and decides what to do with it."""


def _wire(name: str) -> WireProvider:
    return cast(WireProvider, registry()[name])


def chat_arguments(request: ChatRequest, deployment: Deployment) -> dict[str, Any]:
    """Gives ``model``, ``messages``, ``temperature``, …. Raises ``Unsupported``."""
    fields: dict[str, Any] = msgspec.json.decode(_wire("compatible").build(request, deployment).body)
    return fields


def embedding_arguments(request: EmbeddingRequest, deployment: Deployment) -> dict[str, Any]:
    """Gives ``model``, ``texts``, and ``dimensions`` if the client has set it. Raises ``Unsupported``."""
    body = _wire("compatible").operation(request).build(request, deployment).body
    fields: dict[str, Any] = msgspec.json.decode(body)
    fields.pop("encoding_format", None)  # the client's dialect encodes the vectors
    inputs = fields.pop("input")
    fields["texts"] = [inputs] if isinstance(inputs, str) else inputs
    if not all(isinstance(text, str) for text in fields["texts"]):
        raise Unsupported(f"The provider '{deployment.provider}' takes texts only, no tokens.", param="input")
    return fields


class Reader(Protocol):
    """Turns the pieces of a method's answer into events."""

    def feed(self, piece: object) -> list[StreamEvent]: ...

    def close(self) -> list[StreamEvent]: ...


class TextReader:
    """Reads texts. The answer is one text after the other, and ends with the last one."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, piece: object) -> list[StreamEvent]:
        if not isinstance(piece, str):
            raise _no_answer(piece)
        begin: list[StreamEvent] = [] if self._begun else [Start(), PartStart(0, Text(""))]
        self._begun = True
        return [*begin, Delta(0, piece)]

    def close(self) -> list[StreamEvent]:
        return [PartEnd(0), Finish("stop", "stop")]


class WordReader(TextReader):
    """Reads words, and puts a blank between two words if neither has one."""

    def __init__(self) -> None:
        super().__init__()
        self._ends_with_blank = True

    def feed(self, piece: object) -> list[StreamEvent]:
        if not isinstance(piece, str):
            raise _no_answer(piece)
        separator = "" if self._ends_with_blank or piece[:1].isspace() else " "
        self._ends_with_blank = piece[-1:].isspace()
        return super().feed(separator + piece)


class WireReader:
    """Reads the objects of a wire's reply with that wire's decoder. ``frame`` encodes them as on the wire."""

    def __init__(self, decoder: Decoder, frame: Callable[[Mapping[str, Any], bytes], bytes]) -> None:
        self._decoder = decoder
        self._frame = frame

    def feed(self, piece: object) -> list[StreamEvent]:
        fields = _fields_of(piece)
        if fields is None:
            raise _no_answer(piece)
        try:
            return self._decoder.feed(self._frame(fields, msgspec.json.encode(fields)))
        except TypeError as error:
            raise UpstreamBroken(f"What the provider's method returned is no JSON: {error}.") from error

    def close(self) -> list[StreamEvent]:
        return self._decoder.close()


def reader_for(piece: object, request: ChatRequest) -> Reader:
    """The reader for an answer. Its first piece is a text, or a reply or chunk of OpenAI's or Anthropic's form."""
    if isinstance(piece, str):
        return TextReader()
    fields = _fields_of(piece) or {}
    whole, streamed = structs.replace(request, stream=False), structs.replace(request, stream=True)
    match fields:
        case {"choices": [{"delta": _}, *_]} | {"object": "chat.completion.chunk"}:
            return WireReader(_wire("compatible").decoder(streamed), _as_data)
        case {"choices": _}:
            return WireReader(_wire("compatible").decoder(whole), _as_body)
        case {"type": "message_start"}:
            return WireReader(_wire("anthropic").decoder(streamed), _as_event)
        case {"type": "message", "content": _}:
            return WireReader(_wire("anthropic").decoder(whole), _as_body)
    raise _no_answer(piece)


def embedding_events(outcome: object, request: EmbeddingRequest) -> list[StreamEvent]:
    """Reads a list of vectors, ``{"embeddings": [...], "usage": {...}}``, or OpenAI's reply."""
    fields = _fields_of(outcome) or {"embeddings": outcome}
    if "data" not in fields:
        rows = [{"index": number, "embedding": vector} for number, vector in enumerate(_vectors(fields))]
        fields = {**fields, "data": rows}
    reader = WireReader(_wire("compatible").operation(request).decoder(request), _as_body)
    return [*reader.feed(fields), *reader.close()]


def _vectors(fields: Mapping[str, Any]) -> list[Any]:
    vectors = fields.get("embeddings")
    if not isinstance(vectors, list | tuple):
        raise UpstreamBroken(
            f"The provider's method returned a {type(vectors).__name__} in place of vectors. "
            'Return a list of lists of numbers, or {"embeddings": [...], "usage": {...}}.'
        )
    return list(vectors)


def _fields_of(piece: object) -> Mapping[str, Any] | None:
    """``piece`` as a JSON object; None if it is none. Objects of SDKs have ``model_dump`` (pydantic)."""
    dump = getattr(piece, "model_dump", None)
    fields = piece if dump is None else dump(mode="json")
    return fields if isinstance(fields, Mapping) else None


def _as_body(_: Mapping[str, Any], data: bytes) -> bytes:
    return data


def _as_data(_: Mapping[str, Any], data: bytes) -> bytes:
    return b"data: %b\n\n" % data


def _as_event(fields: Mapping[str, Any], data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (str(fields.get("type")).encode(), data)


def _no_answer(piece: object) -> UpstreamBroken:
    return UpstreamBroken(
        f"The provider's method returned a {type(piece).__name__} that is no answer. "
        "Return a text, a reply of OpenAI's or Anthropic's form, or an iterator of texts or chunks."
    )
