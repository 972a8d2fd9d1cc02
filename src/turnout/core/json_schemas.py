"""What can be told of a JSON Schema without asking a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

_DECODER: Final = msgspec.json.Decoder()
_UNIONS: Final = frozenset({"anyOf", "oneOf", "allOf"})
_MAPS: Final = ("properties", "$defs", "definitions")
_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")


@lru_cache(256)
def is_of_an_object(schema: bytes) -> bool:
    """Whether it can be the schema of a tool's arguments: they are an object, without a union at the top
    (https://github.com/anthropics/claude-code/issues/27337).
    """
    top = _DECODER.decode(schema)
    return isinstance(top, dict) and top.get("type") == "object" and not top.keys() & _UNIONS


@lru_cache(256)
def is_within_closed_objects(schema: bytes) -> bool:
    """Whether every object of the schema could do without fields that it doesn't name, and none holds itself.

    Both are limits of Anthropic's structured output
    (https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations).
    """
    top = _DECODER.decode(schema)
    return not any(map(_is_open, _schemas(top))) and not _holds_itself(top)


@lru_cache(256)
def names_all_fields(schema: bytes) -> bool:
    """Whether every object has no other fields than those that it names, and requires all of them. OpenAI's strict
    schemas do (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).
    """
    objects = (found for found in _schemas(_DECODER.decode(schema)) if found.get("type") == "object")
    return all(
        found.get("additionalProperties") is False
        and set(found.get("properties") or ()) <= set(found.get("required") or ())
        for found in objects
    )


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Whether the object is made of fields that the schema doesn't name."""
    others = schema.get("additionalProperties")
    if (isinstance(others, dict) and others) or "patternProperties" in schema:
        return True
    return schema.get("type") == "object" and not schema.get("properties") and others is not False


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """The schema and all inside it, without what its references name."""
    if not isinstance(schema, dict):
        return
    yield schema
    for inner in _inside(schema):
        yield from _schemas(inner)


def _inside(schema: Mapping[str, Any]) -> Iterator[Any]:
    for name in _MAPS:
        if isinstance(schema.get(name), dict):
            yield from schema[name].values()
    for name in _LISTS:
        if isinstance(schema.get(name), list):
            yield from schema[name]
    yield schema.get("items")


def _holds_itself(top: Any) -> bool:
    """Whether a definition leads back to itself by references."""
    definitions = {
        f"#/{group}/{name}": schema
        for group in ("$defs", "definitions")
        for name, schema in ((top.get(group) or {}).items() if isinstance(top, dict) else ())
    }
    names = {start: _references(schema) for start, schema in definitions.items()}
    names["#"] = _references(top) if "#" in _references(top) else set()
    return any(start in _reached(start, names) for start in names)


def _references(schema: Any) -> set[str]:
    return {found["$ref"] for found in _schemas(schema) if isinstance(found.get("$ref"), str)}


def _reached(start: str, names: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [*names.get(start, ())]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += names.get(name, ())
    return reached
