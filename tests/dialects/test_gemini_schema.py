"""Google's schemas become JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from google import genai
from google.genai import _transformers, types

from tests.support.gemini_wire import raw
from turnout.dialects.gemini.schema import json_schema


def converted(schema: dict[str, Any]) -> Any:
    return json.loads(bytes(json_schema(raw(schema), "schema")))


@pytest.mark.parametrize(
    ("schema", "json_schema"),
    [
        pytest.param({"type": "STRING"}, {"type": "string"}, id="type"),
        pytest.param({"type": "string"}, {"type": "string"}, id="type_in_lower_case"),
        pytest.param({"type": "NUMBER", "nullable": True}, {"type": ["number", "null"]}, id="nullable"),
        pytest.param({"type": "NUMBER", "nullable": False}, {"type": "number"}, id="not_nullable"),
        pytest.param(
            {"type": "STRING", "format": "enum", "enum": ["a", "b"], "nullable": True},
            {"type": ["string", "null"], "format": "enum", "enum": ["a", "b", None]},
            id="nullable_enum",
        ),
        pytest.param(
            {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1", "max_items": 3},
            {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
            id="array_with_numbers_as_strings",
        ),
        pytest.param(
            {
                "type": "OBJECT",
                "properties": {"any_of": {"type": "STRING", "description": "d", "title": "t"}},
                "required": ["any_of"],
                "propertyOrdering": ["any_of"],
            },
            {
                "type": "object",
                "properties": {"any_of": {"type": "string", "description": "d", "title": "t"}},
                "required": ["any_of"],
            },
            id="object_whose_keys_are_the_users",
        ),
        pytest.param(
            {"any_of": [{"type": "STRING"}, {"type": "NULL"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            id="one_of_several",
        ),
        pytest.param(
            {"type": "OBJECT", "additionalProperties": {"type": "STRING"}},
            {"type": "object", "additionalProperties": {"type": "string"}},
            id="other_properties",
        ),
        pytest.param(
            {"defs": {"A": {"type": "STRING"}}, "ref": "#/$defs/A"},
            {"$defs": {"A": {"type": "string"}}, "$ref": "#/$defs/A"},
            id="references",
        ),
        pytest.param(
            {"type": "STRING", "pattern": "^a", "default": "TYPE", "minLength": 2, "maximum": 1.5, "example": "x"},
            {"type": "string", "pattern": "^a", "default": "TYPE", "minLength": 2, "maximum": 1.5},
            id="bounds",
        ),
    ],
)
def test_schemas(schema: dict[str, Any], json_schema: dict[str, Any]) -> None:
    assert converted(schema) == json_schema


class Step(pydantic.BaseModel):
    what: str
    minutes: int | None = None


class Recipe(pydantic.BaseModel):
    name: str
    steps: list[Step]
    kind: types.Type = types.Type.STRING


def test_the_sdks_schema_of_a_class_takes_what_the_class_takes() -> None:
    google_schema = _transformers.t_schema(genai.Client(api_key="k")._api_client, Recipe)
    assert google_schema is not None
    schema = converted(google_schema.model_dump(mode="json", exclude_none=True))
    assert schema["properties"]["steps"]["items"]["properties"]["minutes"]["type"] == ["integer", "null"]
    assert schema["required"] == ["name", "steps"]
    assert set(schema["properties"]) == {"name", "steps", "kind"}
    assert "TYPE" not in json.dumps([schema["type"], schema["properties"]["name"]])
