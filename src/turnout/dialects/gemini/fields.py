"""Reads the fields of a JSON object as Google does: their names are in camelCase or in snake_case
(https://protobuf.dev/programming-guides/json/). Errors name the path of a field, such as ``contents[0].parts[1]``.

Only Gemini's own names are converted to camelCase, object by object. A tool's arguments and schemas keep their names.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Raw

from turnout.dialects.parsing import decode
from turnout.errors import InvalidRequest

T = TypeVar("T")

Fields = dict[str, Raw]
"""An object's fields, each as raw JSON."""

STRING = msgspec.json.Decoder(str)
FLAG = msgspec.json.Decoder(bool | None)
RAW = msgspec.json.Decoder(Raw)
_FIELDS = msgspec.json.Decoder(Fields)
NULL = Raw(b"null")


def camel(fields: Fields) -> Fields:
    """The fields under their camelCase names, without those that are null."""
    return {camel_name(name) if "_" in name else name: raw for name, raw in fields.items() if raw != NULL}


def camel_name(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join([word[:1].upper() + word[1:] for word in more])


def object_of(data: Raw, where: str) -> Fields:
    return camel(decode(_FIELDS, data, where))


def typed(decoder: msgspec.json.Decoder[T], data: Raw, where: str) -> tuple[T, Fields]:
    """An object as the decoder's type, and all its fields, for those that the type doesn't have."""
    fields = object_of(data, where)
    return decode(decoder, msgspec.json.encode(fields), where), fields


def take(fields: Fields, name: str, decoder: msgspec.json.Decoder[T], where: str) -> T:
    """Removes a required field and returns its value."""
    raw = fields.pop(name, None)
    if raw is None:
        raise invalid(_path(where, name), "it is required")
    return decode(decoder, raw, _path(where, name))


def take_if_there(fields: Fields, name: str, decoder: msgspec.json.Decoder[T], where: str) -> T | None:
    """Removes a field and returns its value; None when it is missing."""
    raw = fields.pop(name, None)
    return None if raw is None else decode(decoder, raw, _path(where, name))


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def invalid(where: str, problem: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid '{where}': {problem}.", param=where)
