"""An error with status 200 is no answer: for every operation of every provider, relayed and translated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest
from msgspec import Raw, structs

from tests.support.contract import ON_WIRES, chat_request
from turnout.core import (
    ChatRequest,
    CountRequest,
    EmbeddingRequest,
    Failure,
    ImageRequest,
    Request,
    SpeechRequest,
    StreamEvent,
    TranscriptionRequest,
    WireBody,
)
from turnout.errors import Unsupported, UpstreamBroken
from turnout.providers import Decoder, Operation

WORDS: Final = "The model rests."
BODIES: Final = {
    "object": {"error": {"message": WORDS, "code": "resting"}},
    "text": {"error": WORDS},
    "code": {"code": 20012, "message": WORDS, "data": None},
    "detail": {"detail": WORDS},
    "minimax": {"id": "x", "choices": None, "base_resp": {"status_code": 1008, "status_msg": WORDS}},
    "array": [{"error": {"message": WORDS}}],
    "nothing": {},
}
"""As in tests/engine/test_errors_told.py, which shows that the client is told the words."""

_CHAT = chat_request()
_SOUND = TranscriptionRequest(model="m", audio=b"RIFF", file_name="a.wav")
REQUESTS: Final[tuple[Request, ...]] = (
    _CHAT,
    EmbeddingRequest(model="m", inputs=("Hello.",)),
    ImageRequest(model="m", prompt="A cat."),
    _SOUND,
    structs.replace(_SOUND, translate=True),
    structs.replace(_SOUND, format="srt"),
    SpeechRequest(model="m", text="Hello.", voice="alloy"),
    CountRequest(model="m", chat=_CHAT),
)
CHAT_WIRES: Final = ("openai-chat", "openai-responses", "openai-compact", "openai-completions", "llamacpp-completion")
OTHER_WIRES: Final = ("ollama-generate", "gemini-embed", "gemini-batch-embed")
"""Wires that an operation is found by. Others are the only one for their kind of request."""

CHOSEN_FIELDS: Final = frozenset({"llamacpp-completion"})
"""Wires whose clients choose the fields of an answer (``response_fields``)."""
MAY_BE_CHOSEN: Final = frozenset({"detail", "nothing"})


def _asked() -> Iterator[Request]:
    for request in REQUESTS:
        yield request
        for wire in CHAT_WIRES if isinstance(request, ChatRequest) else OTHER_WIRES:
            yield structs.replace(request, raw=WireBody(wire=wire, fields={"encoding_format": Raw(b'"float"')}))


def _readers() -> Iterator[Any]:
    """Each that there is once, with the names of the provider and the wire."""
    seen: set[tuple[str, ...]] = set()
    for provider in ON_WIRES.values():
        for request in _asked():
            try:
                operation: Operation[Any] = provider.operation(request)
            except Unsupported:
                continue
            for way in ("decoder", "relay"):
                reader = getattr(operation, way, None)
                key = (provider.name, operation.wire, way, request.operation, getattr(request, "format", ""))
                if reader and key not in seen:
                    seen.add(key)
                    yield pytest.param(reader, request, id="-".join(filter(None, key)))


def _read(decoder: Decoder, body: bytes) -> list[StreamEvent]:
    """The failures, or the broken reply as one: what isn't an answer."""
    try:
        events = [*decoder.feed(body), *decoder.close()]
    except UpstreamBroken:
        return [Failure("broken", None, 502)]
    return events


@pytest.mark.parametrize(("reader", "request_"), list(_readers()))
def test_an_error_is_no_answer(reader: Any, request_: Request) -> None:
    wire = request_.raw.wire if request_.raw else ""
    for kind, body in BODIES.items():
        if wire not in CHOSEN_FIELDS or kind not in MAY_BE_CHOSEN:
            events = _read(reader(request_), msgspec.json.encode(body))
            assert [type(event) for event in events] == [Failure], (kind, events)


def test_every_kind_of_request_has_a_reader() -> None:
    kinds = {case.values[1].operation for case in _readers()}
    assert kinds == {request.operation for request in REQUESTS}
