"""The stored turn of a request and its answer, and the references of later requests to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Continuation, WireBody
from turnout.dialects import EarlierAnswers, Turn
from turnout.errors import InvalidRequest

from . import parse
from .items import raw_items

_encode = msgspec.json.encode
_OUR_ITEM = re.compile(r"[a-z]{2,3}_([0-9a-f]+)_\d+")
"""The ids of ``Response.item_id``. The number of the answer is in the middle."""

_REFERENCE = b"item_reference"


class _Item(msgspec.Struct):
    """The values may be of any type: only those that refer to an answer are looked at."""

    id: Any = None
    type: Any = None
    role: Any = None


class _Answer(msgspec.Struct):
    id: str
    output: Raw


class _LastEvent(msgspec.Struct):
    response: Raw


_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[_Item])
_ITEM_FIELDS = msgspec.json.Decoder(dict[str, Any])
_ANSWER = msgspec.json.Decoder(_Answer)
_LAST_EVENT = msgspec.json.Decoder(_LastEvent)


def earlier_answers(request: ChatRequest) -> EarlierAnswers | None:
    fields = _raw(request).fields
    previous = _previous(fields)
    items = fields.get("input", Raw())
    referenced = frozenset(_referenced_answers(items)) if bytes(items).rfind(_REFERENCE) >= 0 else frozenset()
    return EarlierAnswers(previous, referenced) if previous is not None or referenced else None


def _previous(fields: Mapping[str, Raw]) -> str | None:
    """None for a value that is no text: who gets the request judges it."""
    previous = fields.get("previous_response_id")
    value = None if previous is None else msgspec.json.decode(previous)
    return value if isinstance(value, str) else None


def _referenced_answers(input_items: Raw) -> Iterator[str]:
    for item in _items(input_items):
        match = _OUR_ITEM.fullmatch(str(item.id)) if _is_reference(item) else None
        if match is not None:
            yield f"resp_{match[1]}"


def _items(input_items: Raw) -> list[_Item]:
    """None of an input in another form."""
    try:
        return _ITEMS.decode(_encode(raw_items(input_items)))
    except (InvalidRequest, msgspec.DecodeError):
        return []


def _is_reference(item: _Item) -> bool:
    return item.type == "item_reference" or (item.type is None and item.role is None)


def continued(request: ChatRequest, earlier: Continuation | None, referenced: Iterable[Raw]) -> ChatRequest:
    fields = _raw(request).fields
    items_by_id = {_ITEM.decode(item).id: item for item in referenced}
    if items_by_id:
        input_items = raw_items(fields["input"])
        fields = fields | {"input": Raw(_encode([_resolve(item, items_by_id) for item in input_items]))}
    return parse.continued(fields, earlier)


def _resolve(item: Raw, items_by_id: Mapping[str | None, Raw]) -> Raw:
    decoded = _ITEM.decode(item)
    return items_by_id.get(decoded.id, item) if _is_reference(decoded) else item


def turn_of(request: ChatRequest, answer: bytes) -> Turn | None:
    """None for a turn that isn't stored. One of another shape or in bad UTF-8 isn't stored either."""
    if not is_stored(request):
        return None
    try:
        stored_answer = _ANSWER.decode(answer.decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    fields = _raw(request).fields
    try:
        items = _encode(raw_items(fields.get("input", Raw())))
    except InvalidRequest:
        return None
    return Turn(
        stored_answer.id,
        _previous(fields),
        items,
        bytes(stored_answer.output),
        answer,
    )


def is_stored(request: ChatRequest) -> bool:
    return request.raw is not None and bytes(request.raw.fields.get("store", b"true")) != b"false"


def whole_response(payload: bytes) -> bytes | None:
    """The response in the last event of a stream."""
    try:
        return bytes(_LAST_EVENT.decode(payload).response)
    except msgspec.DecodeError:
        return None


def listed_items(turn_id: str, items: Sequence[Raw]) -> list[dict[str, Any]]:
    """Items in their long form: a text as content becomes a list with one text."""
    return [_listed_item(f"{turn_id.replace('resp_', 'item_')}_{number}", item) for number, item in enumerate(items)]


def _listed_item(item_id: str, item: Raw) -> dict[str, Any]:
    fields = {"id": item_id, **_ITEM_FIELDS.decode(item)}
    if "role" not in fields:
        return fields
    fields.setdefault("type", "message")
    if isinstance(fields.get("content"), str):
        kind = "output_text" if fields["role"] == "assistant" else "input_text"
        fields["content"] = [{"type": kind, "text": fields["content"]}]
        if kind == "output_text":
            fields["content"][0]["annotations"] = []
    return {"status": "completed", **fields}


def _raw(request: ChatRequest) -> WireBody:
    if request.raw is None:
        raise TypeError("only a request from a wire can be part of a conversation")
    return request.raw
