"""Decodes fields. Every mistake raises an ``InvalidRequest`` that names the field as Anthropic does."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec
from msgspec import Raw

from turnout.dialects.halves import without_halves
from turnout.errors import InvalidRequest

T = TypeVar("T")

Fields = dict[str, Raw]
"""An object's fields, each as raw JSON."""

FIELDS = msgspec.json.Decoder(Fields)
STRING = msgspec.json.Decoder(str)
OPTIONAL_STRING = msgspec.json.Decoder(str | None)
_NAMES = re.compile(r"[^.\[\]]+")
_MISSING = re.compile(r"missing required field `(.*)`$")


def read(decoder: msgspec.json.Decoder[T], data: bytes | Raw, *where: str) -> T:
    """``data`` as the decoder's type. ``where`` are the names of its path, which are joined only for an error."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise _wrong_field(str(error), where) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        mended = without_halves(bytes(data))
        if mended == data:
            raise invalid(".".join(where), f"the request body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise invalid(".".join(where), "the request body is nested too deeply") from error
    return read(decoder, mended, *where)


def take(fields: Fields, name: str, decoder: msgspec.json.Decoder[T], where: str) -> T:
    """Removes a required field and returns its value."""
    raw = fields.pop(name, None)
    if raw is None:
        raise invalid(f"{where}.{name}", "Field required")
    return read(decoder, raw, where, name)


def take_if_there(fields: Fields, name: str, decoder: msgspec.json.Decoder[T], where: str) -> T | None:
    """Removes a field and returns its value; None when it is missing."""
    raw = fields.pop(name, None)
    return None if raw is None else read(decoder, raw, where, name)


def invalid(where: str, problem: str) -> InvalidRequest:
    return InvalidRequest(f"{where}: {problem}." if where else f"{problem}.", param=where or None)


def _wrong_field(text: str, where: tuple[str, ...]) -> InvalidRequest:
    """``text`` is msgspec's, such as ``Expected `str`, got `int` - at `$.messages[0].content```."""
    problem, _, path = text.rpartition(" - at `$") if " - at `$" in text else (text, "", "")
    names = [*where, *_NAMES.findall(path.rstrip("`"))]
    missing = _MISSING.search(problem)
    if missing:
        return invalid(".".join([*names, missing[1]]), "Field required")
    return invalid(".".join(names), problem)
