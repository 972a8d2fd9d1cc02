"""Finds texts and images in a conversation that can't be read as a whole, on any wire.

The steps before the engine fit and count what is found. Everything else they leave alone: the provider may know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Image, Message, Part, Text
from turnout.core.images import media_type_of
from turnout.errors import InvalidRequest

from .parsing import decode

_LISTS = ("system", "instructions", "messages", "contents", "input", "prompt", "tools")
_PARTS = ("content", "parts")
_MOST = 10_000  # texts and images
_DEEPEST = 12
_HEAD = 128  # characters
_BASE64 = re.compile(rf"[A-Za-z0-9+/=_\-\r\n]{{{_HEAD}}}")
_ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def salvaged(fields: Mapping[str, Raw]) -> tuple[Message, ...]:
    """A message for each item of the conversation, whoever said it, with a part for each part of its content."""
    found: list[Message] = []
    for name in _LISTS:
        if name in fields:
            value = _value(fields[name])
            found += [Message("user", tuple(_parts(item))) for item in (value if isinstance(value, list) else [value])]
    return tuple(found)


def _value(raw: Raw) -> Any:
    """None for a value that is no JSON after all."""
    try:
        return decode(_ANY, raw)
    except InvalidRequest:
        return None


def _parts(item: object) -> Iterator[Part]:
    if isinstance(item, dict):
        content = next((item[name] for name in _PARTS if isinstance(item.get(name), list)), None)
        if content is not None:
            yield from (_part(part) for part in content)
            item = {name: value for name, value in item.items() if value is not content}
    yield from _found(item, 0)


def _part(value: object) -> Part:
    """One part for one value, so that the numbers of the parts stay those of the client."""
    found = list(_found(value, 0))
    images = [part for part in found if isinstance(part, Image)]
    return images[0] if images else Text("\n".join([part.text for part in found if isinstance(part, Text)]))


def _found(value: object, depth: int) -> Iterator[Text | Image]:
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        part = _text_or_image(value)
        if part is not None:
            yield part
    elif isinstance(value, list):
        for item in value[:_MOST]:
            yield from _found(item, depth + 1)
    elif isinstance(value, dict):
        kind, data = value.get("media_type"), value.get("data")
        if isinstance(kind, str) and kind.startswith("image/") and isinstance(data, str):
            yield Image(data=data, media_type=media_type_of(data) or kind)
            return
        for inner in value.values():
            yield from _found(inner, depth + 1)


def _text_or_image(text: str) -> Text | Image | None:
    """None for other data. Addresses are text: they may be of videos or documents, which their provider fetches."""
    head, comma, data = text[:_HEAD].partition(",")
    is_url = bool(comma) and head.startswith("data:")
    if not is_url and (len(text) < _HEAD or not _BASE64.match(text)):
        return Text(text) if text else None
    data = text[len(head) + 1 :] if is_url else text
    declared = head.removeprefix("data:").partition(";")[0] if head.startswith("data:image/") else None
    media_type = media_type_of(data) or declared  # data that is no image is told to the client, as everywhere
    return Image(data=data, media_type=media_type) if media_type else None
