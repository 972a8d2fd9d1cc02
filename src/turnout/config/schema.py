"""The configuration file's JSON Schema, for editors and for checks before a file is deployed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from turnout.core import Secret

from .settings import Settings

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Final = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
"""A text with a variable in it, which may stand for any other value."""


def json_schema(policies: Collection[str]) -> dict[str, Any]:
    """JSON Schema (2020-12) of ``turnout.yaml``; ``policies`` are the names that ``policy`` may have."""
    schema: dict[str, Any] = msgspec.json.schema(Settings, schema_hook=_secret)
    definitions = schema["$defs"]
    definitions["ModelSettings"]["properties"]["policy"]["enum"] = sorted(policies)
    definitions["AgentSettings"] = _any_case(definitions["AgentSettings"])
    return {"$schema": DIALECT, "title": "turnout.yaml", **_with_references(schema)}


def _any_case(agent: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema can't compare names without their case, nor require one of a pattern."""
    by_name = agent["properties"].items()
    patterns = {"".join(f"[{char}{char.lower()}]" for char in name): schema for name, schema in by_name}
    return {
        "description": agent["description"],
        "type": "object",
        "patternProperties": {f"^{pattern}$": schema for pattern, schema in patterns.items()},
        "additionalProperties": False,
        "minProperties": len(agent["required"]),
    }


def _secret(form: type) -> dict[str, Any]:
    if form is Secret:
        return {"type": "string"}
    raise NotImplementedError


def _with_references(schema: Any) -> Any:
    """Whatever isn't a text of any form may also come out of a variable."""
    if isinstance(schema, list):
        return [_with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in ("integer", "number", "boolean") or "enum" in schema or "pattern" in schema:
        plain = {key: value for key, value in schema.items() if key != "default"}
        also = {"default": schema["default"]} if "default" in schema else {}
        return {"anyOf": [plain, REFERENCE], **also}
    return {key: _with_references(value) for key, value in schema.items()}
