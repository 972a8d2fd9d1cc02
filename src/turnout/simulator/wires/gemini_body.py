"""The requests of Gemini's API. Their fields may be in camelCase or snake_case."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from turnout.simulator.answer import DIMENSIONS
from turnout.simulator.refused import Refused
from turnout.simulator.wire import decode


class Camel(msgspec.Struct, rename="camel", frozen=True):
    pass


class Blob(Camel, frozen=True):
    mime_type: str
    data: str


class FileData(Camel, frozen=True):
    file_uri: str
    mime_type: str = ""


class FunctionCall(Camel, frozen=True):
    name: str
    args: dict[str, Any] = {}


class FunctionResponse(Camel, frozen=True):
    name: str
    response: dict[str, Any]


class Part(Camel, frozen=True):
    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None


class Content(Camel, frozen=True):
    parts: Annotated[list[Part], msgspec.Meta(min_length=1)]
    role: Literal["user", "model", "function"] = "user"


class FunctionDeclaration(Camel, frozen=True):
    name: str
    parameters: dict[str, Any] | None = None
    parameters_json_schema: dict[str, Any] | None = None


class Tools(Camel, frozen=True):
    function_declarations: list[FunctionDeclaration] = []


class FunctionCallingConfig(Camel, frozen=True):
    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] = "AUTO"
    allowed_function_names: list[str] = []


class ToolConfig(Camel, frozen=True):
    function_calling_config: FunctionCallingConfig = FunctionCallingConfig()


class ThinkingConfig(Camel, frozen=True):
    include_thoughts: bool = False


class GenerationConfig(Camel, frozen=True):
    candidate_count: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1
    response_mime_type: str = ""
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    response_logprobs: bool = False
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] = 0
    max_output_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    stop_sequences: list[str] = []
    thinking_config: ThinkingConfig = ThinkingConfig()


class CountBody(Camel, frozen=True):
    """It has either the contents, or a whole request for an answer."""

    contents: list[Content] = []
    generate_content_request: Body | None = None


class EmbedBody(Camel, frozen=True):
    content: Content
    output_dimensionality: Annotated[int, msgspec.Meta(ge=1)] = DIMENSIONS


class BatchBody(Camel, frozen=True):
    requests: Annotated[list[EmbedBody], msgspec.Meta(min_length=1)]


class Body(Camel, frozen=True):
    contents: Annotated[list[Content], msgspec.Meta(min_length=1)]
    system_instruction: Content | None = None
    tools: list[Tools] = []
    tool_config: ToolConfig = ToolConfig()
    generation_config: GenerationConfig = GenerationConfig()


BodyType = TypeVar("BodyType")
ANYTHING = msgspec.json.Decoder()
USER_OBJECTS = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"}
)
"""Fields whose values have the user's own keys, which stay as they are."""


def read_body(data: bytes, body_type: type[BodyType]) -> BodyType:
    try:
        return msgspec.convert(_camel_case(decode(ANYTHING, data)), body_type)
    except msgspec.ValidationError as error:
        raise Refused(400, f"Invalid JSON payload received. {error}") from error


def _camel_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = ((re.sub("_([a-z])", lambda match: match[1].upper(), key), item) for key, item in value.items())
    return {name: item if name in USER_OBJECTS else _camel_case(item) for name, item in fields}
