"""Reads and changes single fields of a relayed request, whose JSON is not decoded."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from turnout.core import Parameter, Parameters
from turnout.errors import InvalidRequest

_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def object_in(fields: Mapping[str, Raw], name: str) -> dict[str, Raw]:
    """The fields of the object called ``name``; empty when it is left out or null."""
    value = fields.get(name)
    if value is None or bytes(value) == b"null":
        return {}
    try:
        return _OBJECT.decode(value)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"'{name}' has to be an object.", param=name) from error


def set_parameters(fields: dict[str, Raw], parameters: Parameters, names: Mapping[Parameter, tuple[str, ...]]) -> None:
    """Adds the defaults of parameters that the client did not set, removes the parameters that the model refuses, and
    lowers a limit that is above the model's.

    ``names`` are the wire's names of each parameter. The first one is the name of a default.
    """
    for parameter in parameters.refused:
        if parameter != "max_tokens":
            for name in names.get(parameter, ()):
                fields.pop(name, None)
    if parameters.lowered is not None:
        said = next((name for name in names["max_tokens"] if name in fields), names["max_tokens"][0])
        fields[said] = Raw(msgspec.json.encode(parameters.lowered))
    defaults = parameters.defaults
    _add_missing(fields, names["max_tokens"], defaults.max_tokens)
    _add_missing(fields, names["temperature"], defaults.temperature)
    _add_missing(fields, names["top_p"], defaults.top_p)


def _add_missing(fields: dict[str, Raw], names: tuple[str, ...], value: float | None) -> None:
    """Adds ``value`` unless the client has set a field of one of ``names``. ``null`` is also a value."""
    if value is not None and not any(name in fields for name in names):
        fields[names[0]] = Raw(msgspec.json.encode(value))
