"""Decodes a body. Every mistake in it raises an ``InvalidRequest`` that names the field."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Set
from typing import TypeVar

import msgspec
from msgspec import Raw

from turnout.errors import InvalidRequest

from .halves import without_halves

T = TypeVar("T")
_ANY: msgspec.json.Decoder[object] = msgspec.json.Decoder()
_NO_VALUE = object()  # equal to no JSON value
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_UTF8 = codecs.getincrementaldecoder("utf-8")
_MISSING = re.compile(r"missing required field `(.*)`")
_LONGEST_PROBLEM = 1000  # characters of a decoder's message, which may quote the whole body
_SLICE = 64 * 1024  # bytes: decoded text may take four times the memory of the body
_PATH_MARK = " - at `"  # msgspec writes "Expected `str`, got `int` - at `$.model`"


def decode(decoder: msgspec.json.Decoder[T], body: bytes | Raw, where: str = "") -> T:
    """``body`` as the decoder's type. Raises ``InvalidRequest`` with the path of the wrong field.

    ``where`` is the path of ``body`` itself when it is only a part of the request's body. Halves of an emoji are read
    as U+FFFD.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid_field(str(error), where) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        mended = without_halves(bytes(body))
        if mended == body:
            raise InvalidRequest(f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deeply.") from error
    return decode(decoder, mended, where)


def check_encoding(body: bytes) -> None:
    """Raises ``InvalidRequest`` for bad UTF-8. msgspec doesn't find it in JSON that stays raw."""
    error = encoding_error(body)
    if error is not None:
        raise InvalidRequest(f"The body is not valid UTF-8: {error}.") from error


def encoding_error(body: bytes) -> UnicodeDecodeError | None:
    if body.isascii():
        return None
    try:
        if len(body) <= _SLICE:
            body.decode()
        else:
            _decode_in_slices(body)
    except UnicodeDecodeError as error:
        return error
    return None


def _decode_in_slices(body: bytes) -> None:
    decoder = _UTF8()
    for start in range(0, len(body), _SLICE):
        decoder.decode(body[start : start + _SLICE])
    decoder.decode(b"", final=True)


def decode_fields(body: bytes) -> dict[str, Raw]:
    """The top-level fields of an object, each as raw JSON."""
    return decode(_FIELDS, body)


def raw_or_none(value: Raw) -> Raw | None:
    """None for a field that is left out or null."""
    return None if bytes(value) in (b"", b"null") else value


def unknown_fields(fields: Mapping[str, Raw], known: Set[str]) -> dict[str, Raw]:
    """The fields that aren't ``known``, without those that are null."""
    if fields.keys() <= known:
        return {}
    return {name: value for name, value in fields.items() if name not in known and bytes(value) != b"null"}


def unknown_fields_in_use(fields: Mapping[str, Raw], known: Set[str], off: Mapping[str, object]) -> dict[str, Raw]:
    """The unknown fields without those that are switched off by the value in ``off``."""
    return {
        name: value
        for name, value in unknown_fields(fields, known).items()
        if decode(_ANY, value, name) != off.get(name, _NO_VALUE)
    }


def _invalid_field(text: str, where: str) -> InvalidRequest:
    path_start = text.rfind(_PATH_MARK, max(0, len(text) - _LONGEST_PROBLEM))
    problem = text[: min(_LONGEST_PROBLEM, path_start if path_start >= 0 else len(text))]
    path = text[path_start + len(_PATH_MARK) : -1] if path_start >= 0 else "$"
    missing = _MISSING.search(problem)
    if path_start < 0 and not where:
        return InvalidRequest(f"{problem}.", param=missing[1] if missing else None)
    path = f"{where}{path.removeprefix('$')}".removeprefix(".")
    if missing:
        path = f"{path}.{missing[1]}" if path else missing[1]
    return InvalidRequest(f"Invalid '{path}': {problem}.", param=path or None)
