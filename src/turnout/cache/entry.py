"""An answer in the form in which it is kept: bytes, of which nothing is unpacked that isn't needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from turnout.core import (
    Delta,
    Finish,
    Logprobs,
    PartEnd,
    PartStart,
    Pictures,
    Product,
    Relayed,
    Start,
    StreamEvent,
    UsageSoFar,
)

KeptEvent = Start | PartStart | Delta | PartEnd | Logprobs | UsageSoFar | Finish
"""The events of a whole answer that anybody may render."""

_RelayedEvent = Relayed | UsageSoFar | Finish

_encode_json = msgspec.json.Encoder().encode
_encode = msgspec.msgpack.Encoder().encode
_decode_events = msgspec.json.Decoder(list[KeptEvent]).decode
_decode_pictures = msgspec.json.Decoder(Pictures).decode
_decode_relayed = msgspec.msgpack.Decoder(list[_RelayedEvent]).decode
_PICTURES: Final = b"{"
"""The first byte of pictures, which are an object. Events are an array."""


class Labels(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """By what an answer can be purged: its model, the id of the key that asked first, and the tags of that request."""

    model: str
    key: str
    tags: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``key`` is the question's. ``made`` is a Unix time. ``events`` are JSON. ``relayed`` are the frames of the
    provider's reply, for a client that wants it in the same ``form``.

    ``vector`` has the doubles of one input's vector, in place of events. ``tokens`` is the input's share of its
    request, and ``cost`` what the answer has cost, in picodollars. ``dropped`` are the fields that its provider wasn't
    told.
    """

    key: bytes
    made: float
    model: str
    deployment: str
    provider: str
    upstream_model: str
    events: bytes = b""
    form: str = ""
    relayed: bytes = b""
    vector: bytes = b""
    tokens: int = 0
    cost: int | None = None
    dropped: tuple[str, ...] = ()


_decode_entry = msgspec.msgpack.Decoder(Entry).decode


def packed(entry: Entry) -> bytes:
    return _encode(entry)


def unpacked(data: bytes, key: bytes) -> Entry | None:
    """None for what is no answer to this question: another version wrote it, or a store has mixed up its replies."""
    try:
        entry = _decode_entry(data)
    except msgspec.DecodeError:
        return None
    return entry if entry.key == key else None


def written_events(events: Sequence[StreamEvent]) -> bytes:
    """Pieces of one text in a row become one."""
    if isinstance(events[0], Product):
        return _encode_json(events[0].result)
    return _encode_json(_merged(events))


def read_events(data: bytes) -> Sequence[StreamEvent]:
    if data.startswith(_PICTURES):
        return [Product(_decode_pictures(data))]
    return _decode_events(data)


def written_frames(events: Sequence[StreamEvent]) -> bytes:
    """Empty where nothing is relayed, or something else is among the frames."""
    if not any(isinstance(event, Relayed) for event in events) or not all(
        isinstance(event, _RelayedEvent) for event in events
    ):
        return b""
    return _encode(events)


def read_frames(data: bytes) -> Sequence[StreamEvent]:
    return _decode_relayed(data)


def _merged(events: Iterable[StreamEvent]) -> list[StreamEvent]:
    merged: list[StreamEvent] = []
    pieces: list[str] = []
    last: Delta | None = None
    for event in events:
        if isinstance(event, Delta):
            if last is not None and (last.index, last.choice) != (event.index, event.choice):
                merged.append(Delta(last.index, "".join(pieces), last.choice))
                pieces = []
            last = event
            pieces.append(event.text)
            continue
        if last is not None:
            merged.append(Delta(last.index, "".join(pieces), last.choice))
            last, pieces = None, []
        merged.append(event)
    if last is not None:
        merged.append(Delta(last.index, "".join(pieces), last.choice))
    return merged
