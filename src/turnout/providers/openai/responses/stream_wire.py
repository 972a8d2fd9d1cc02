"""The fields of a stream's events that say something of the answer (``ResponseStreamEvent`` in
https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_stream_event.py).

Values of other types than OpenAI's are read as nothing: vendors leave out fields, and send others.
"""

from __future__ import annotations

from typing import Any

import msgspec

from turnout.providers.half_pairs import HalfPairs
from turnout.providers.unreadable import decode_if_known


class Item(msgspec.Struct):
    """Any kind of item. ``content`` is a message's, or a thought in full; ``summary`` is that of a thought."""

    type: str | None = None
    id: Any = None
    call_id: Any = None
    name: Any = None
    arguments: Any = None
    input: Any = None
    content: Any = None
    summary: Any = None
    encrypted_content: Any = None
    action: Any = None


class Part(msgspec.Struct):
    type: str | None = None
    text: Any = None
    refusal: Any = None


class Head(msgspec.Struct):
    id: Any = None
    model: Any = None
    created_at: Any = None


class Event(msgspec.Struct):
    """``text``, ``refusal``, ``arguments`` and ``input`` are whole, at the end of their deltas."""

    type: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: Any = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    item: Item | None = None
    part: Part | None = None
    response: Head | None = None


_EVENT = msgspec.json.Decoder(Event)


def event_in(data: bytes, half_pairs: HalfPairs) -> Event:
    """An event of an unknown form says nothing. Raises ``UpstreamBroken`` for bytes that aren't JSON."""
    message = "The provider sent what isn't an event of a response."
    return decode_if_known(_EVENT, data, message, half_pairs.mark) or Event()


def text_in(value: Any) -> str:
    return value if isinstance(value, str) else ""


def parts_in(value: Any) -> list[Part]:
    """The parts of a content or a summary; in a content that is one text, the text."""
    if isinstance(value, str):
        return [Part("output_text", value)]
    parts = value if isinstance(value, list) else []
    return [
        Part(**{name: part.get(name) for name in Part.__struct_fields__}) for part in parts if isinstance(part, dict)
    ]
