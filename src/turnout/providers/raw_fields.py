"""Reaching into the fields of a relayed request, which nobody has decoded."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from turnout.errors import InvalidRequest

_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def object_in(fields: Mapping[str, Raw], name: str) -> dict[str, Raw]:
    """The fields of the object called ``name``; none when it is left out or null."""
    value = fields.get(name)
    if value is None or bytes(value) == b"null":
        return {}
    try:
        return _OBJECT.decode(value)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"'{name}' has to be an object.", param=name) from error


def add_missing(config: dict[str, Raw], names: tuple[str, ...], value: float | None) -> None:
    """Puts a default under the first of ``names``, unless the client said something under any of them."""
    if value is not None and not any(name in config for name in names):
        config[names[0]] = Raw(msgspec.json.encode(value))
