"""The fields of request bodies that this dialect decodes. The parser keeps all other fields as raw JSON.

In place of a list, Google also accepts a single object, and its examples have such objects.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from .fields import Fields

NOTHING = Raw()
Fraction = Annotated[float, Meta(ge=0, le=1)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Positive = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Content(Struct):
    """Parts are read field by field, so that unknown fields stay with their part."""

    parts: list[Fields] | Fields = []
    role: Literal["user", "model", "function", "system"] | None = None


class Blob(Struct, rename="camel"):
    data: str
    mime_type: str = ""
    display_name: str | None = None


class FileData(Struct, rename="camel"):
    file_uri: str
    mime_type: str | None = None
    display_name: str | None = None


class FunctionCall(Struct):
    name: Annotated[str, Meta(min_length=1)]
    args: Raw = Raw(b"{}")
    id: str | None = None


class CodeStep(Struct):
    """Code that ran at Google, or what came of it."""

    code: str | None = None
    output: str | None = None


class FunctionResponse(Struct):
    name: Annotated[str, Meta(min_length=1)]
    response: Raw = Raw(b"{}")
    id: str | None = None
    parts: list[Fields] | Fields = []


class GenerationConfig(Struct, rename="camel"):
    """Bounds are Google's own (https://ai.google.dev/api/generate-content#generationconfig)."""

    temperature: Temperature | None = None
    top_p: Fraction | None = None
    top_k: Positive | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    max_output_tokens: Positive | None = None
    stop_sequences: list[str] | None = None
    candidate_count: Positive | None = None
    response_logprobs: bool | None = None
    logprobs: Count | None = None
    response_mime_type: str | None = None
    response_schema: Raw = NOTHING
    response_json_schema: Raw = NOTHING
    response_modalities: list[str] | None = None
    thinking_config: Raw = NOTHING


class ThinkingConfig(Struct, rename="camel"):
    """A budget of -1 lets the model choose."""

    include_thoughts: bool | None = None
    thinking_budget: Annotated[int, Meta(ge=-1, le=2**31 - 1)] | None = None
    thinking_level: str | None = None


class FunctionCallingConfig(Struct, rename="camel"):
    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] = "MODE_UNSPECIFIED"
    allowed_function_names: list[str] | None = None
    stream_function_call_arguments: bool | None = None
