"""The configuration file's JSON Schema, for editors and for checks before a file is deployed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from turnout.core import Secret

from .operation_names import OPERATION_NAMES
from .settings import LimitSettings, Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Final = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
"""A text with a variable in it. It can replace any other value."""


def json_schema(policies: Collection[str]) -> dict[str, Any]:
    """JSON Schema (2020-12) of ``turnout.yaml``. ``policies`` are the valid values of ``policy``."""
    schema: dict[str, Any] = msgspec.json.schema(Settings, schema_hook=_secret)
    definitions = schema["$defs"]
    definitions["ModelSettings"]["properties"]["policy"]["enum"] = sorted(policies)
    definitions["AgentSettings"] = _any_case(definitions["AgentSettings"])
    definitions["LimitSettings"] = _with_operations(definitions["LimitSettings"])
    return {"$schema": DIALECT, "title": "turnout.yaml", **_with_references(schema)}


def _with_operations(limits: dict[str, Any]) -> dict[str, Any]:
    """Takes operations and paths as keys beside the bounds of one request."""
    others = limits["properties"].pop(LimitSettings.other_keys.field)
    names = "|".join([*OPERATION_NAMES, "/.*"])
    return limits | {"patternProperties": {f"^({names})$": others["additionalProperties"]}}


def _any_case(agent: dict[str, Any]) -> dict[str, Any]:
    """Takes keys in upper or lower case. JSON Schema ignores no case, so patterns do it; it can't require a pattern."""
    properties = agent["properties"].items()
    patterns = {"".join(f"[{char}{char.lower()}]" for char in name): schema for name, schema in properties}
    return {
        "description": agent["description"],
        "type": "object",
        "patternProperties": {f"^{pattern}$": schema for pattern, schema in patterns.items()},
        "additionalProperties": False,
        "minProperties": len(agent["required"]),
    }


def _secret(type_: type) -> dict[str, Any]:
    if type_ is Secret:
        return {"type": "string"}
    raise NotImplementedError


def _with_references(schema: Any) -> Any:
    """Lets a text with a variable replace each value that isn't a free text."""
    if isinstance(schema, list):
        return [_with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("integer", "number", "boolean") or "enum" in schema or "pattern" in schema:
        literal = {key: value for key, value in schema.items() if key != "default"}
        default = {"default": schema["default"]} if "default" in schema else {}
        return {"anyOf": [literal, REFERENCE], **default}
    return {key: _with_references(value) for key, value in schema.items()}
