"""The body of a request to OpenAI Responses, as far as the simulator reads it
(https://platform.openai.com/docs/api-reference/responses/create)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec


class InputText(msgspec.Struct, tag="input_text"):
    text: str


class OutputText(msgspec.Struct, tag="output_text"):
    text: str


class InputRefusal(msgspec.Struct, tag="refusal"):
    refusal: str


class InputImage(msgspec.Struct, tag="input_image"):
    image_url: str | None = None
    file_id: str | None = None


class InputFile(msgspec.Struct, tag="input_file"):
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None


Content = InputText | OutputText | InputRefusal | InputImage | InputFile


class Item(msgspec.Struct):
    """Any kind of item, with the fields that the simulator reads."""

    type: str = "message"
    role: Literal["user", "assistant", "system", "developer"] = "user"
    content: str | list[Content] | None = None
    call_id: str = ""
    output: str | list[Content] = ""
    summary: list[dict[str, str]] = []
    encrypted_content: str | None = None


class ToolOffered(msgspec.Struct):
    type: str
    name: str = ""
    parameters: dict[str, Any] | None = None


class ToolNamed(msgspec.Struct):
    type: str
    name: str = ""


class Format(msgspec.Struct):
    type: Literal["text", "json_object", "json_schema"]
    schema: dict[str, Any] = {}


class TextConfig(msgspec.Struct):
    format: Format | None = None


class Reasoning(msgspec.Struct):
    effort: str | None = None
    summary: str | None = None


class Body(msgspec.Struct):
    model: str
    input: str | list[Item]
    previous_response_id: str | None = None
    store: bool | None = None
    instructions: str | None = None
    stream: bool | None = None
    tools: list[ToolOffered] = []
    tool_choice: Literal["none", "auto", "required"] | ToolNamed | None = None
    max_output_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    reasoning: Reasoning | None = None
    text: TextConfig | None = None
    include: list[str] | None = None
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None


BODY = msgspec.json.Decoder(Body)
