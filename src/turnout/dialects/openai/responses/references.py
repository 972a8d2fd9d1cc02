"""What is kept of an exchange, and how a later request refers to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Continuation, WireBody
from turnout.dialects import EarlierAnswers, Turn

from . import parse
from .items import raw_items

_encode = msgspec.json.encode
_OUR_ITEM = re.compile(r"[a-z]{2,3}_([0-9a-f]+)_\d+")
"""The ids that ``Response.item_id`` makes: the answer's own number is in the middle."""

_REFERENCE = b"item_reference"


class _Item(msgspec.Struct):
    id: str | None = None
    type: str | None = None
    role: str | None = None


class _Said(msgspec.Struct):
    id: str
    output: Raw


class _Ended(msgspec.Struct):
    response: Raw


_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[_Item])
_ITEM_FIELDS = msgspec.json.Decoder(dict[str, Any])
_SAID = msgspec.json.Decoder(_Said)
_ENDED = msgspec.json.Decoder(_Ended)


def earlier_answers(request: ChatRequest) -> EarlierAnswers | None:
    fields = _raw(request).fields
    previous = fields.get("previous_response_id")
    id_: str | None = None if previous is None else msgspec.json.decode(previous)
    referenced = (
        frozenset(_answers_in(fields["input"])) if _REFERENCE in bytes(fields.get("input", b"")) else frozenset()
    )
    return EarlierAnswers(id_, referenced) if id_ is not None or referenced else None


def _answers_in(given: Raw) -> Iterator[str]:
    for item in _ITEMS.decode(_encode(raw_items(given))):
        match = _OUR_ITEM.fullmatch(item.id or "") if _is_reference(item) else None
        if match is not None:
            yield f"resp_{match[1]}"


def _is_reference(item: _Item) -> bool:
    return item.type == "item_reference" or (item.type is None and item.role is None)


def continued(request: ChatRequest, earlier: Continuation | None, referenced: Iterable[Raw]) -> ChatRequest:
    fields = _raw(request).fields
    known = {_ITEM.decode(item).id: item for item in referenced}
    if known:
        given = raw_items(fields["input"])
        fields = fields | {"input": Raw(_encode([_resolved(item, known) for item in given]))}
    return parse.continued(fields, earlier)


def _resolved(item: Raw, known: Mapping[str | None, Raw]) -> Raw:
    told = _ITEM.decode(item)
    return known.get(told.id, item) if _is_reference(told) else item


def turn_of(request: ChatRequest, answer: bytes) -> Turn | None:
    """None for one that isn't stored. Also for an answer of an unknown form, or in bad UTF-8, which was relayed."""
    if not keeps(request):
        return None
    try:
        said = _SAID.decode(answer.decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    fields = _raw(request).fields
    previous = fields.get("previous_response_id")
    return Turn(
        said.id,
        None if previous is None else msgspec.json.decode(previous),
        _encode(raw_items(fields.get("input", Raw()))),
        bytes(said.output),
        answer,
    )


def keeps(request: ChatRequest) -> bool:
    return request.raw is not None and bytes(request.raw.fields.get("store", b"true")) != b"false"


def whole_response(payload: bytes) -> bytes | None:
    """The response that the last event of a stream holds."""
    try:
        return bytes(_ENDED.decode(payload).response)
    except msgspec.DecodeError:
        return None


def shown(turn_id: str, items: Sequence[Raw]) -> list[dict[str, Any]]:
    """A text stands for a list with one text in it."""
    return [_shown(f"{turn_id.replace('resp_', 'item_')}_{number}", item) for number, item in enumerate(items)]


def _shown(item_id: str, item: Raw) -> dict[str, Any]:
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
        raise TypeError("only what came over a wire is part of a conversation")
    return request.raw
