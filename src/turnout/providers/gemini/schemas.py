"""JSON Schema as Gemini takes it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

_REFERENCE: Final = "$ref"
_DECODER: Final = msgspec.json.Decoder()


def schema_of(schema: Raw | None) -> Raw | None:
    """The schema without fields beside a reference, which Gemini refuses: "no other properties, except for those
    starting as a $, may be set" (https://ai.google.dev/api/generate-content#FIELDS.response_json_schema).
    """
    if schema is None or b'"$ref"' not in bytes(schema):
        return schema
    return Raw(msgspec.json.encode(_converted(_DECODER.decode(schema))))


def _converted(value: Any) -> Any:
    if isinstance(value, list):
        return [_converted(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_reference = isinstance(value.get(_REFERENCE), str)
    kept = {name: item for name, item in value.items() if not is_reference or name.startswith("$")}
    return {name: _converted(item) for name, item in kept.items()}
