"""Replays a recording, relayed and in each dialect, and tells what is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tests.support.contract import CHATS, ON_WIRES, chat_request
from tests.wire.carrying import CARRYING, sent_back, signatures
from tests.wire.recordings import READERS, Recording, Spoken, flat
from tests.wire.shape import events
from turnout.core import (
    Answer,
    Failure,
    Finish,
    Refusal,
    Relayed,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    UsageSoFar,
    fold,
)
from turnout.dialects import ReplyContext

CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)
PROVIDERS = {"openai-chat": "openai", "anthropic-messages": "anthropic", "gemini": "gemini", "ollama": "ollama"}
"""Who reads what a dialect has written."""

PIECE = 777  # bytes


def relay_faults(recording: Recording) -> Iterator[str]:
    relayed = events(recording.shape().relay(), _pieces(recording.data))
    data = b"".join([event.data for event in relayed if isinstance(event, Relayed)])
    if data.split() != recording.data.split():
        yield "relayed: other bytes"
    if not any(isinstance(event, Finish) for event in relayed):
        yield "relayed: no finish"
    if _has_usage(recording) and not any(isinstance(event, UsageSoFar) for event in relayed):
        yield "relayed: no usage"
    yield from (f"relayed: {event}" for event in relayed if isinstance(event, Failure))


def translation_faults(recording: Recording) -> Iterator[str]:
    if recording.wire not in READERS:
        return
    meant = recording.spoken()
    decoded = events(recording.shape().decoder(), _pieces(recording.data))
    answer = fold(decoded)
    if (spoken := spoken_in(answer)) != meant:
        yield f"decoded: {_difference(spoken, meant)}"
    if not all(choice.finish for choice in answer.choices):
        yield "decoded: no finish"
    if _has_usage(recording) and answer.usage is None:
        yield "decoded: no usage"
    for wire in CHATS:
        yield from (f"as {wire}: {fault}" for fault in _dialect_faults(wire, decoded, answer))
    meant_signatures = signatures([part for choice in answer.choices for part in choice.parts])
    for wire in CARRYING if meant_signatures else ():
        for kind, parts in sent_back(wire, decoded, answer):
            if signatures(parts) != meant_signatures:
                yield f"sent back as {wire}: {kind}: {signatures(parts)} != {meant_signatures}"


def spoken_in(answer: Answer, *texts: type[Text | Refusal]) -> Spoken:
    parts = [part for choice in answer.choices for part in choice.parts]
    return Spoken(
        "".join([part.text for part in parts if isinstance(part, texts or Text)]),
        "".join([part.text for part in parts if isinstance(part, Thinking)]),
        tuple((part.name, flat(json.loads(part.arguments or "{}"))) for part in parts if isinstance(part, ToolCall)),
    )


def _dialect_faults(wire: str, decoded: Sequence[StreamEvent], answer: Answer) -> Iterator[str]:
    """By the bytes where nobody reads the dialect; else by what is read."""
    endpoint = CHATS[wire]
    request = chat_request(stream=True, stream_usage=True)
    renderer = endpoint.renderer(request, CONTEXT)
    stream = b"".join([renderer.feed([event]) for event in decoded]) + renderer.close()
    body = endpoint.body(chat_request(), answer, CONTEXT)
    meant = spoken_in(answer, Text, Refusal)
    for written, is_stream in ((stream, True), (body, False)):
        if wire in PROVIDERS:
            asked = chat_request(stream=is_stream)
            decoder = ON_WIRES[PROVIDERS[wire]].operation(asked).decoder(asked)
            spoken = spoken_in(fold(events(decoder, [written])), Text, Refusal)
            if spoken != meant:
                yield f"{'stream' if is_stream else 'body'}: {_difference(spoken, meant)}"
        elif not is_stream:
            texts = " ".join(_texts(json.loads(body)))
            said = [part.text for choice in answer.choices for part in choice.parts if isinstance(part, Text)]
            names = [name for name, _ in meant.calls] if wire == "openai-responses" else []
            yield from (f"body: no {text:.100}" for text in [*said, *names] if text not in texts)


def _has_usage(recording: Recording) -> bool:
    return any(word in recording.data for word in (b'"usage":', b'"usageMetadata":', b'"eval_count":'))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _difference(spoken: Spoken, meant: Spoken) -> str:
    different = [name for name in Spoken.__struct_fields__ if getattr(spoken, name) != getattr(meant, name)]
    return ", ".join([f"{name} {getattr(spoken, name)!r:.200} != {getattr(meant, name)!r:.200}" for name in different])


def _pieces(data: bytes) -> list[bytes]:
    return [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
