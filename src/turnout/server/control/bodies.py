"""Reads bodies by the types that the configuration has, and explains what is wrong in the same words."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from turnout.config import examine
from turnout.errors import InvalidRequest

_FIELD = re.compile(r"(Object (?:missing required|contains unknown) field) `(\w+)`(?: - at `\$\.?(.*)`)?")

T = TypeVar("T", bound=msgspec.Struct)


def object_in(body: bytes) -> dict[str, Any]:
    """Raises ``InvalidRequest``."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise InvalidRequest("The body is not a JSON object.") from None


def converted(data: dict[str, Any], form: type[T]) -> T:
    """A field that is ``null`` has its default. Raises ``InvalidRequest`` with the path of the wrong field."""
    data = {name: value for name, value in data.items() if value is not None}
    try:
        return msgspec.convert(data, form)
    except (msgspec.ValidationError, RecursionError) as error:
        for path, problem in examine(data, form, ()):
            param = ".".join(str(part) for part in path)[:200]
            raise InvalidRequest(f"Invalid '{param}': {problem}.", param=param) from None
        raise _strictly_wrong(str(error)) from None


def _strictly_wrong(message: str) -> InvalidRequest:
    """A file's texts may stand for numbers, a body's may not. ``message`` is msgspec's, with the path at its end."""
    problem, _, place = message.partition(" - at `$.")
    param = place.rstrip("`")
    return InvalidRequest(f"Invalid '{param}': {problem.replace('`', '')}.", param=param or None)


def read(body: bytes, form: msgspec.json.Decoder[T]) -> T:
    """For large bodies: the same in one go, without copies of what is read. ``null`` is a value.

    Raises ``InvalidRequest`` with the path of the wrong field.
    """
    try:
        return form.decode(body)
    except msgspec.ValidationError as error:
        raise _strictly_wrong(_with_field(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from error


def _with_field(message: str) -> str:
    """msgspec names a field that is missing or unknown beside the path of its object."""
    match = _FIELD.fullmatch(message)
    if match is None:
        return message
    problem, field, path = match.groups()
    return f"{problem} - at `$.{'' if path is None else f'{path}.'}{field}`"


def changed(before: T, data: dict[str, Any]) -> T:
    """``before`` with the fields in ``data``; ``null`` resets one to its default. Raises ``InvalidRequest``."""
    fields: dict[str, Any] = msgspec.to_builtins(before)
    return converted({**fields, **data}, type(before))


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """A record may be sent back as it was read, with a change in it: what only Turnout says is left out."""
    return {name: value for name, value in data.items() if name not in names}
