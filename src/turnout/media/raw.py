"""A client's own JSON with other images in it, whatever wire it is of, and every other value as it was.

Only the branches that hold an image are taken apart; the rest stays the text that it was. An image is found by its
own text: the base64 or the address that the parsed request has. Its type stands beside it, under one of three names.
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
_TYPE_NAMES: Final = ("media_type", "mimeType", "mime_type")
_PADDING: Final = 2  # characters that the client's own text may lack

_FILE_NAMES: Final = {"fileUri": "mimeType", "file_uri": "mime_type"}
_INLINE_NAMES: Final = {"fileData": "inlineData", "file_data": "inline_data"}
"""Gemini has an address in another object than data, each in two spellings."""


class Swap(msgspec.Struct, frozen=True):
    """The new image: base64 and its type."""

    data: str
    media_type: str

    @property
    def data_url(self) -> str:
        return f"data:{self.media_type};base64,{self.data}"


def swapped(raw: WireBody, swaps: Mapping[str, Swap]) -> WireBody | None:
    """``raw`` with each image of ``swaps`` replaced, which maps old base64 (the standard one) or an address.

    None when one of them wasn't found: the JSON doesn't say what the parsed request says.
    """
    walk = _Walk(swaps)
    made = msgspec.structs.replace(raw, fields=walk.members(raw.fields))
    earlier = raw.continues
    if earlier is not None:
        items = tuple(walk.item(item) for item in earlier.items)
        made = msgspec.structs.replace(made, continues=msgspec.structs.replace(earlier, items=items))
    return made if walk.found == set(swaps) else None


class _Walk:
    def __init__(self, swaps: Mapping[str, Swap]) -> None:
        self._swaps = swaps
        self._shortest = min(map(len, swaps)) - _PADDING
        self.found: set[str] = set()

    def members(self, fields: dict[str, Raw]) -> dict[str, Raw]:
        """An object's fields, ``fields`` itself where none of them changes."""
        after: dict[str, Raw] = {}
        types: dict[str, Raw] = {}
        for name, raw in fields.items():
            swap, text = self._swap(raw)
            if swap is None:
                value = self._inside(raw)
                after[name if value is raw else _INLINE_NAMES.get(name, name)] = value
            elif not text.startswith(("http://", "https://")):
                after[name] = _json(swap.data_url if text.startswith("data:") else swap.data)
                types |= {known: _json(swap.media_type) for known in _TYPE_NAMES if known in fields}
            elif name in _FILE_NAMES:
                return {_FILE_NAMES[name]: _json(swap.media_type), "data": _json(swap.data)}
            elif _is(fields.get("type"), "url"):  # Anthropic's source
                return {"type": _json("base64"), "media_type": _json(swap.media_type), "data": _json(swap.data)}
            else:
                after[name] = _json(swap.data_url)
        return after | types

    def _inside(self, raw: Raw) -> Raw:
        """The value with its images replaced, ``raw`` itself where there are none."""
        kind = self._kind(raw)
        if kind == b"{":
            fields = _OBJECT.decode(raw)
            made = self.members(fields)
            return raw if _same(fields, made) else Raw(_encode(made))
        if kind == b"[":
            items = _LIST.decode(raw)
            others = [self.item(item) for item in items]
            return raw if all(map(_identical, items, others)) else Raw(_encode(others))
        return raw

    def item(self, raw: Raw) -> Raw:
        """A list's item."""
        swap, text = self._swap(raw)
        if swap is None:
            return self._inside(raw)
        return _json(swap.data if _is_bare(text) else swap.data_url)

    def _swap(self, raw: Raw) -> tuple[Swap | None, str]:
        if self._kind(raw) != b'"':
            return None, ""
        text = _STRING.decode(raw)
        key = text.partition(",")[2] if text.startswith("data:") else text
        if text not in self._swaps:
            key = standard_base64(key)
        swap = self._swaps.get(key)
        if swap is not None:
            self.found.add(key)
        return swap, text

    def _kind(self, raw: Raw) -> bytes:
        """The first character of a value that is long enough to hold an image."""
        view = memoryview(raw)
        return bytes(view[:64]).lstrip()[:1] if len(view) >= self._shortest else b""


def _json(value: str) -> Raw:
    return Raw(_encode(value))


def _is(raw: Raw | None, text: str) -> bool:
    return raw is not None and bytes(raw) == _encode(text)


def _is_bare(text: str) -> bool:
    return not text.startswith(("data:", "http://", "https://"))


def _same(before: dict[str, Raw], after: dict[str, Raw]) -> bool:
    return len(before) == len(after) and all(after.get(name) is raw for name, raw in before.items())


def _identical(before: Raw, after: Raw) -> bool:
    return before is after
