"""Google's ``Schema``, a subset of OpenAPI's, → JSON Schema (https://ai.google.dev/api/caching#Schema).

Types are in upper case, ``nullable`` marks a type that may be null, and 64-bit numbers are strings, as in protobuf's
JSON.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from turnout.errors import InvalidRequest

from .fields import camel_name, invalid

_NUMBERS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_LEFT_OUT = frozenset({"type", "nullable", "propertyOrdering", "example"})
_NAMES = {"defs": "$defs", "ref": "$ref", "$defs": "$defs", "$ref": "$ref"}
_DECODER = msgspec.json.Decoder()


def json_schema(schema: Raw, where: str) -> Raw:
    """Raises ``InvalidRequest`` for a value that is no schema."""
    try:
        return Raw(msgspec.json.encode(_converted(_DECODER.decode(schema), where)))
    except RecursionError as error:
        raise invalid(where, "it is nested too deeply") from error


def _converted(schema: Any, where: str) -> dict[str, Any]:
    if not isinstance(schema, dict):
        raise _no_schema(where)
    converted: dict[str, Any] = {}
    named = {_NAMES.get(name) or camel_name(name): value for name, value in schema.items() if value is not None}
    if "type" in named:
        converted["type"] = _type(named["type"], bool(named.get("nullable")), where)
    for name, value in named.items():
        if name not in _LEFT_OUT:
            converted[name] = _value(name, value, f"{where}.{name}")
    if named.get("nullable") and "enum" in converted:
        converted["enum"] = [*converted["enum"], None]
    return converted


def _type(name: Any, nullable: bool, where: str) -> str | list[str]:
    if not isinstance(name, str):
        raise _no_schema(f"{where}.type")
    return [name.lower(), "null"] if nullable else name.lower()


def _value(name: str, value: Any, where: str) -> Any:
    match name:
        case "items":
            return _converted(value, where)
        case "anyOf" if isinstance(value, list):
            return [_converted(option, f"{where}[{number}]") for number, option in enumerate(value)]
        case "properties" | "$defs" if isinstance(value, dict):
            return {key: _converted(inner, f"{where}.{key}") for key, inner in value.items()}
        case "properties" | "$defs" | "anyOf":
            raise _no_schema(where)
        case "additionalProperties" if isinstance(value, dict):
            return _converted(value, where)
        case _ if name in _NUMBERS and isinstance(value, str) and value.isdecimal():
            return int(value)
    return value


def _no_schema(where: str) -> InvalidRequest:
    return invalid(where, "expected a schema")
