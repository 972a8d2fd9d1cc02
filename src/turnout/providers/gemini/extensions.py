"""Puts fields that only Gemini has back into a request's body.

The core keeps them by name: a field of the body by its own name, a field of one of the body's objects with the object's
name before it (``generationConfig.speechConfig``), and a tool that runs at Google as ``tools.googleSearch``.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from turnout.providers.raw_fields import object_in

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_TOOLS = msgspec.json.Decoder(list[Raw])
_encode = msgspec.json.encode


def with_fields(json_object: bytes, more: Mapping[str, Raw]) -> bytes:
    """Adds the fields of ``more`` that the object doesn't have."""
    return _encode({**more, **_FIELDS.decode(json_object)})


def with_extensions(body: bytes, more: Mapping[str, Raw]) -> bytes:
    """Adds Gemini's own fields to a request's body, each in its place."""
    fields = _FIELDS.decode(body)
    tools: list[Raw] = []
    for name, value in more.items():
        parent, _, child = name.partition(".")
        if not child:
            fields[name] = _merged(name, value, fields)
        elif parent == "tools":
            tools.append(_raw({child: value}))
        else:
            fields[parent] = _raw({child: value} | object_in(fields, parent))
    if tools:
        fields["tools"] = _raw([*(_TOOLS.decode(fields["tools"]) if "tools" in fields else ()), *tools])
    return _encode(fields)


def _merged(name: str, value: Raw, fields: Mapping[str, Raw]) -> Raw:
    """The value for the field ``name``: the body's own, or ``value``. Two objects are merged field by field."""
    if name not in fields:
        return value
    if not bytes(fields[name]).startswith(b"{"):
        return fields[name]
    return _raw(object_in({name: value}, name) | object_in(fields, name))


def _raw(value: object) -> Raw:
    return Raw(_encode(value))
