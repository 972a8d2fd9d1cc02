"""JSON Schema as Anthropic's structured output takes it, for answers and for strict tools.

Objects have no fields but those that they name, and most limits of values are refused. Anthropic's own SDKs close the
objects, and write the limits into the description: the model reads them there.
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations,
https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/lib/_parse/_transform.py
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Raw

_DECODER: Final = msgspec.json.Decoder()
_MAPS: Final = frozenset({"properties", "$defs", "definitions"})
_LISTS: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_KEPT: Final = frozenset({"type", "enum", "const", "$ref", "title", "description", "required", "default"})
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_LEAST_ITEMS: Final = (0, 1)
_SAYS_NOTHING: Final = frozenset({"$schema", "$id", "additionalProperties"})


def schema_of(schema: Raw) -> Raw:
    """The schema in the part of JSON Schema that is taken. Its objects have to be within closed ones."""
    return Raw(_converted_json(bytes(schema)))


@lru_cache(256)
def _converted_json(schema: bytes) -> bytes:
    return msgspec.json.encode(_converted(_DECODER.decode(schema)))


def _converted(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    taken: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _MAPS and isinstance(value, dict):
            taken[name] = {key: _converted(inner) for key, inner in value.items()}
        elif name in _LISTS and isinstance(value, list):
            taken[_LISTS[name]] = [_converted(inner) for inner in value]
        elif name == "items":
            taken[name] = _converted(value)
        elif _is_taken(name, value):
            taken[name] = value
        elif name not in _SAYS_NOTHING:
            limits[name] = value
    if taken.get("type") == "object" or "properties" in taken:
        taken["additionalProperties"] = False
    return taken if not limits else taken | {"description": _described(taken, limits)}


def _is_taken(name: str, value: Any) -> bool:
    if name == "format":
        return value in _FORMATS
    return name in _KEPT or (name == "minItems" and value in _LEAST_ITEMS)


def _described(taken: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    said = ", ".join(f"{name}: {msgspec.json.encode(value).decode()}" for name, value in limits.items())
    description = taken.get("description")
    return f"{description}\n\n{{{said}}}" if description else f"{{{said}}}"
