"""The request's form on the wire. An item is read by its type, and stays raw where the type is OpenAI's alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw

Name = Annotated[str, Meta(min_length=1)]
NOTHING = Raw()  # msgspec reads any JSON into a Raw, but not into a "Raw or None"


class InputAudio(msgspec.Struct):
    data: str
    format: str


class Part(msgspec.Struct):
    """A part of a content, of any type: what is read of each."""

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


Content = str | list[Part]


class Head(msgspec.Struct):
    """What tells an item's type: a message may leave it out."""

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


class FunctionOutput(msgspec.Struct):
    call_id: str
    output: Content


class TextOf(msgspec.Struct):
    """A part of a summary, or of the reasoning itself."""

    type: str = ""
    text: str = ""


class ReasoningItem(msgspec.Struct):
    summary: list[TextOf] = []
    content: list[TextOf] | None = None
    encrypted_content: str | None = None


class ImageMade(msgspec.Struct):
    result: str | None = None


class FunctionTool(msgspec.Struct):
    """Of any type: only functions have all of these."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: Raw = NOTHING
    strict: bool | None = None


class Choice(msgspec.Struct):
    type: str
    name: str | None = None


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
    tools: list[FunctionTool] | None = None
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
"""Fields that say nothing more to another wire. Streams here have no padding to switch off."""


class _ToldPart(Part):
    """With what an answer's own parts have, which nobody else wants back."""

    annotations: Any = None
    logprobs: Any = None


class _ToldItem(msgspec.Struct):
    """An item as far as it's read, for telling what isn't; ``phase`` changes nothing elsewhere."""

    type: str | None = None
    id: str | None = None
    status: str | None = None
    role: str | None = None
    content: str | list[_ToldPart] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[_ToldPart] | None = None
    summary: list[TextOf] = []
    encrypted_content: str | None = None
    result: str | None = None
    phase: Any = None


class Told(Body):
    """The body as far as it's read, items and all."""

    input: str | list[_ToldItem] = ""  # type: ignore[assignment]  # only its shape is looked at
