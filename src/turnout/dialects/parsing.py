"""Reading a body: whatever is wrong with it becomes an ``InvalidRequest`` that names the field."""

from __future__ import annotations

import codecs
import re
from typing import TypeVar

import msgspec
from msgspec import Raw

from turnout.errors import InvalidRequest

T = TypeVar("T")
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_UTF8 = codecs.getincrementaldecoder("utf-8")
_SLICE = 64 * 1024  # bytes: as text, a body may be four times as long
_PATH = re.compile(r"^(?P<problem>.*) - at `(?P<path>.*)`$", re.DOTALL)


def decode(decoder: msgspec.json.Decoder[T], body: bytes | Raw, where: str = "") -> T:
    """``body`` as the decoder's type, or ``InvalidRequest`` with the path of the field that is wrong.

    ``where`` is the path of ``body`` itself, if it is only a part of what came.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid_field(str(error), where) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deeply.") from error


def check_encoding(body: bytes) -> None:
    """JSON that stays raw is not looked into, so bad UTF-8 in it has to be found beforehand."""
    if body.isascii():
        return
    decoder = _UTF8()
    try:
        for at in range(0, len(body), _SLICE):
            decoder.decode(body[at : at + _SLICE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not valid UTF-8: {error}.") from error


def decode_fields(body: bytes) -> dict[str, Raw]:
    """The top-level fields of an object, each as the raw JSON that it was."""
    return decode(_FIELDS, body)


def _invalid_field(text: str, where: str) -> InvalidRequest:
    match = _PATH.match(text)
    if match is None and not where:
        missing = re.search(r"missing required field `(.*)`", text)
        return InvalidRequest(f"{text}.", param=missing[1] if missing else None)
    problem, path = (match["problem"], match["path"]) if match else (text, "$")
    path = f"{where}{path.removeprefix('$')}".removeprefix(".")
    missing = re.search(r"missing required field `(.*)`", problem)
    if missing:
        path = f"{path}.{missing[1]}" if path else missing[1]
    return InvalidRequest(f"Invalid '{path}': {problem}.", param=path or None)
