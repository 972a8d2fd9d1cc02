"""The fields of request bodies. An item is decoded by its type. It stays raw when only OpenAI has the type."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

Name = Annotated[str, Meta(min_length=1)]
NOTHING = Raw()  # the default of a field: msgspec can't decode JSON into ``Raw | None``


class InputAudio(msgspec.Struct):
    data: str
    format: str


class Part(msgspec.Struct):
    """A part of a content, of any type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    input_audio: InputAudio | None = None
    annotations: Raw = NOTHING


Content = str | list[Part]


class ItemHead(msgspec.Struct):
    """The fields that show an item's type. A message may omit its type."""

    type: str | None = None
    id: str | None = None
    role: str | None = None
    status: str | None = None


class Message(msgspec.Struct):
    role: Literal["user", "assistant", "system", "developer"]
    content: Content


class FunctionCall(msgspec.Struct):
    call_id: str
    name: Name
    arguments: str
    namespace: str | None = None


class CustomCall(msgspec.Struct):
    call_id: str
    name: Name
    input: str
    namespace: str | None = None


class OwnCall(msgspec.Struct):
    """A call of a tool in a form of its own (``own_tools.py``). Each form has one of the last three fields.

    A search that OpenAI ran has no ``call_id``.
    """

    call_id: str | None = None
    action: Raw = NOTHING
    operation: Raw = NOTHING
    arguments: Raw = NOTHING


class FunctionOutput(msgspec.Struct):
    call_id: str
    output: Content


class OwnOutput(msgspec.Struct):
    """The result of such a call. Only the output of a local shell may name its call in ``id``."""

    call_id: str | None = None
    id: str | None = None
    output: Raw = NOTHING
    status: str | None = None


class TextOf(msgspec.Struct):
    """A part of a summary, or of the reasoning itself."""

    type: str = ""
    text: str = ""


class ReasoningItem(msgspec.Struct):
    summary: list[TextOf] = []
    content: list[TextOf] | None = None
    encrypted_content: str | None = None


class GeneratedImage(msgspec.Struct):
    result: str | None = None


class ToolFormat(msgspec.Struct):
    """The form of a custom tool's text."""

    type: str
    syntax: str = ""
    definition: str = ""


class Environment(msgspec.Struct):
    type: str


class Filters(msgspec.Struct):
    allowed_domains: list[str] | None = None
    blocked_domains: list[str] | None = None


class Tool(msgspec.Struct):
    """A tool of any type. Only functions have ``strict``, only a namespace ``tools``, only a search the last two."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: Raw = NOTHING
    strict: bool | None = None
    format: ToolFormat | None = None
    tools: list[Tool] = []
    execution: str | None = None
    environment: Environment | None = None
    filters: Filters | None = None
    user_location: Raw = NOTHING


class MoreTools(msgspec.Struct):
    """``additional_tools``, or what a search has found."""

    tools: list[Tool]
    call_id: str | None = None


class Choice(msgspec.Struct):
    """A choice of any type. Only ``allowed_tools`` have ``mode`` and ``tools``."""

    type: str
    name: str | None = None
    namespace: str | None = None
    mode: str | None = None
    tools: list[Choice] = []


class Format(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema: Raw = NOTHING
    strict: bool | None = None


class TextConfig(msgspec.Struct):
    format: Format | None = None
    verbosity: str | None = None


class Reasoning(msgspec.Struct):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None  # its old name
    context: str | None = None
    mode: str | None = None


class Body(msgspec.Struct):
    """Bounds are OpenAI's own where its reference states them."""

    model: Name
    input: Raw = NOTHING
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | Choice | None = None
    parallel_tool_calls: bool | None = None
    text: TextConfig | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    include: list[str] | None = None
    metadata: dict[str, str] | None = None
    previous_response_id: str | None = None
    store: bool | None = None
    stream: bool | None = None
    truncation: Literal["auto", "disabled"] | None = None
    background: bool | None = None
    user: str | None = None


READ = frozenset(Body.__struct_fields__) | {"stream_options"}
"""Fields that no other wire has to refuse. ``stream_options`` only switches off padding, which Turnout doesn't send."""


class _DetailedPart(Part):
    """A part with the fields of an answer's parts. Other providers don't need them."""

    logprobs: Any = None


class _DetailedItem(msgspec.Struct):
    """The fields of an item that are read, to find the others. ``phase`` has no effect on other wires."""

    type: str | None = None
    id: str | None = None
    status: str | None = None
    role: str | None = None
    content: str | list[_DetailedPart] | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    operation: Any = None
    tools: list[Tool] = []
    execution: Any = None
    caller: Any = None
    output: str | list[_DetailedPart] | None = None
    summary: list[TextOf] = []
    encrypted_content: str | None = None
    result: str | None = None
    phase: Any = None


class DetailedBody(Body):
    """The fields of the body that are read, and those of its items."""

    input: str | list[_DetailedItem] = ""  # type: ignore[assignment]  # only its shape is looked at
