"""Replaces images in a client's own JSON, on any wire, and leaves every other value as it is.

An image is recognised by its text: the base64 or the address that the parsed request has for it. New base64 takes the
place of base64, and the media type beside it changes. An address becomes a data URL, or the object that the wire has
for data (``_data_object``). A value without images stays the text that the client sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from turnout.core import WireBody
from turnout.core.images import standard_base64

_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_LIST: Final = msgspec.json.Decoder(list[Raw])
_STRING: Final = msgspec.json.Decoder(str)
_encode: Final = msgspec.json.encode
_TYPE_FIELDS: Final = ("media_type", "mimeType", "mime_type")
_PADDING: Final = 2  # characters that the client's base64 may lack

_GEMINI_ADDRESSES: Final = {"fileUri": "mimeType", "file_uri": "mime_type"}
"""Gemini's field of an address, and the field of the media type in the same spelling."""
_GEMINI_PARTS: Final = {"fileData": "inlineData", "file_data": "inline_data"}
"""Gemini's part with an address, and its part with data in the same spelling."""
_ANTHROPIC_ADDRESS: Final = Raw(b'"url"')
"""The type of Anthropic's source with an address."""


class NewImage(msgspec.Struct, frozen=True):
    """``data`` is base64."""

    data: str
    media_type: str

    def in_place_of(self, text: str) -> str:
        """Base64 in place of base64; a data URL in place of a data URL or an address."""
        if text.startswith("data:") or _is_address(text):
            return f"data:{self.media_type};base64,{self.data}"
        return self.data


def replace_images(raw: WireBody, new_images: Mapping[str, NewImage]) -> WireBody | None:
    """``raw`` with its images replaced. ``new_images`` are by the old image's standard base64, or by its address.

    None when one of them is not in ``raw``: the JSON does not say the same as the parsed request.
    """
    replacer = _Replacer(new_images)
    changed = msgspec.structs.replace(raw, fields=replacer.in_object(raw.fields))
    earlier = raw.continues
    if earlier is not None:
        items = tuple(replacer.in_value(item) for item in earlier.items)
        changed = msgspec.structs.replace(changed, continues=msgspec.structs.replace(earlier, items=items))
    return changed if replacer.replaced == set(new_images) else None


class _Replacer:
    """``replaced`` has the keys of the new images that have been put in."""

    def __init__(self, new_images: Mapping[str, NewImage]) -> None:
        self._new_images = new_images
        self._shortest = min(map(len, new_images)) - _PADDING
        self.replaced: set[str] = set()

    def in_object(self, fields: dict[str, Raw]) -> dict[str, Raw]:
        """An object's fields with their images replaced."""
        changed: dict[str, Raw] = {}
        media_types: dict[str, Raw] = {}
        for name, value in fields.items():
            match = self._match(value)
            if match is None:
                inner = self._in_container(value)
                changed[name if inner is value else _GEMINI_PARTS.get(name, name)] = inner
                continue
            text, image = match
            if not _is_address(text):
                media_types = {field: _json(image.media_type) for field in _TYPE_FIELDS if field in fields}
            elif data_object := _data_object(fields, name, image):
                return data_object
            changed[name] = _json(image.in_place_of(text))
        return changed | media_types

    def in_value(self, value: Raw) -> Raw:
        """Any value with its images replaced; ``value`` itself where it has none."""
        match = self._match(value)
        if match is None:
            return self._in_container(value)
        text, image = match
        return _json(image.in_place_of(text))

    def _in_container(self, value: Raw) -> Raw:
        """An object or a list with its images replaced; ``value`` itself where it has none, or is something else."""
        match self._kind(value):
            case b"{":
                fields = _OBJECT.decode(value)
                changed = self.in_object(fields)
                return value if changed == fields else _json(changed)
            case b"[":
                items = _LIST.decode(value)
                others = [self.in_value(item) for item in items]
                return value if others == items else _json(others)
        return value

    def _match(self, value: Raw) -> tuple[str, NewImage] | None:
        """The text of ``value`` and the image to put in its place, if it is the text of an image."""
        if self._kind(value) != b'"':
            return None
        text = _STRING.decode(value)
        key = text
        if key not in self._new_images:
            key = standard_base64(text.partition(",")[2] if text.startswith("data:") else text)
        image = self._new_images.get(key)
        if image is None:
            return None
        self.replaced.add(key)
        return text, image

    def _kind(self, value: Raw) -> bytes:
        """The first character of a value; empty for one that is too short to hold an image."""
        view = memoryview(value)
        return bytes(view[:64]).lstrip()[:1] if len(view) >= self._shortest else b""


def _data_object(fields: Mapping[str, Raw], name: str, image: NewImage) -> dict[str, Raw] | None:
    """The object that takes the place of one whose field ``name`` is an address.

    None on OpenAI's wire, where a data URL is an address, too.
    """
    if name in _GEMINI_ADDRESSES:
        return {_GEMINI_ADDRESSES[name]: _json(image.media_type), "data": _json(image.data)}
    if fields.get("type") == _ANTHROPIC_ADDRESS:
        return {"type": _json("base64"), "media_type": _json(image.media_type), "data": _json(image.data)}
    return None


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def _json(value: object) -> Raw:
    return Raw(_encode(value))
