"""OpenAI's rules for the schemas of structured output
(https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).

A schema is called by its context, the keys that lead to it: ``('properties', 'city')``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .asked import object_of, objects

Context = tuple[str, ...]


def fault_of(schema: Any) -> str:
    """What is wrong with a strict schema, in OpenAI's words; empty if nothing is."""
    for context, found in _schemas(object_of(schema), ()):
        fault = _fault(found)
        if fault:
            return f"In context={context!r}, {fault}"
    return ""


def _schemas(schema: dict[str, Any], context: Context) -> Iterator[tuple[Context, dict[str, Any]]]:
    """The schema and all schemas inside it, the outer ones first."""
    yield context, schema
    for field in ("properties", "$defs", "definitions"):
        for name, inner in object_of(schema.get(field)).items():
            yield from _schemas(object_of(inner), (*context, field, name))
    if isinstance(schema.get("items"), dict):
        yield from _schemas(schema["items"], (*context, "items"))
    for index, inner in objects(schema.get("anyOf")):
        yield from _schemas(inner, (*context, "anyOf", str(index)))


def _fault(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        return ""
    if schema.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    names = list(object_of(schema.get("properties")))
    required = schema.get("required")
    missing = [name for name in names if not isinstance(required, list) or name not in required]
    if missing:
        whole = "'required' is required to be supplied and to be an array including every key in properties."
        return f"{whole} Missing '{missing[0]}'."
    return ""
