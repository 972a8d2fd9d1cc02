"""Which event of a Responses stream is the first that says something (``ResponseStreamEvent`` in
https://github.com/openai/openai-python/blob/main/src/openai/types/responses/response_stream_event.py).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.providers.saying import says_something
from turnout.providers.unreadable import decode_if_known

_NOTHING = Raw()
_ALWAYS = frozenset({"response.output_item.done", "response.completed", "response.incomplete"})


class _Event(msgspec.Struct):
    delta: Raw = _NOTHING
    text: Raw = _NOTHING
    refusal: Raw = _NOTHING
    arguments: Raw = _NOTHING
    part: dict[str, Raw] | None = None
    item: dict[str, Raw] | None = None


_EVENT = msgspec.json.Decoder(_Event)
_MEMBERS = ("text", "refusal", "content", "summary")
_OPENING_ITEMS = frozenset({b'"message"', b'"reasoning"'})
"""Items whose start says nothing yet. The start of any other one names a call."""


def begins(kind: str, data: bytes) -> bool:
    """Whether the event of the type ``kind`` has a piece of the answer, or names a call."""
    if kind in _ALWAYS:
        return True
    event = decode_if_known(_EVENT, data, "The provider sent what isn't an event of a response.")
    if event is None:
        return kind.endswith(".delta")
    item = event.item
    if item is not None and bytes(item.get("type", _NOTHING)) not in _OPENING_ITEMS:
        return True
    if any(map(says_something, (event.delta, event.text, event.refusal, event.arguments))):
        return True
    opened = item or event.part or {}
    return any(says_something(opened[name]) for name in _MEMBERS if name in opened)
