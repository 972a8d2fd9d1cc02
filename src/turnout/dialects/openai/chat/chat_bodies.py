"""The fields of request bodies that this endpoint reads. The parser keeps all other fields as raw JSON."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from turnout.dialects.openai import custom_tools

Temperature = Annotated[float, Meta(ge=0, le=2)]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
TopK = Annotated[int, Meta(ge=-1, le=2**31 - 1)]
TokenCount = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Name = Annotated[str, Meta(min_length=1)]
NOTHING = Raw()  # the default of a field: msgspec can't decode JSON into ``Raw | None``


class TextPart(msgspec.Struct, tag_field="type", tag="text"):
    text: str
    cache_control: Raw = NOTHING  # Anthropic's marker. Gateways accept it on this wire, too


class RefusalPart(msgspec.Struct, tag_field="type", tag="refusal"):
    refusal: str


class ImageURL(msgspec.Struct):
    url: str
    detail: str | None = None


class ImagePart(msgspec.Struct, tag_field="type", tag="image_url"):
    image_url: ImageURL
    cache_control: Raw = NOTHING


class InputAudio(msgspec.Struct):
    data: str
    format: str


class AudioPart(msgspec.Struct, tag_field="type", tag="input_audio"):
    input_audio: InputAudio


class FileBody(msgspec.Struct):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(msgspec.Struct, tag_field="type", tag="file"):
    file: FileBody
    cache_control: Raw = NOTHING


class VideoPart(msgspec.Struct, tag_field="type", tag="video_url"):
    """vLLM's and OpenRouter's: https://openrouter.ai/docs/guides/overview/multimodal/videos. Moonshot's is a text."""

    video_url: ImageURL | str
    cache_control: Raw = NOTHING


class DocumentPart(msgspec.Struct, tag_field="type", tag="document_url"):
    """Mistral's: https://docs.mistral.ai/capabilities/document_ai/document_qna/"""

    document_url: str
    document_name: str | None = None
    cache_control: Raw = NOTHING


ContentPart = TextPart | RefusalPart | ImagePart | AudioPart | FilePart | VideoPart | DocumentPart
NotEmpty = Meta(min_length=1)


class FunctionCall(msgspec.Struct):
    name: Name
    arguments: str = ""


class GoogleContent(msgspec.Struct):
    thought_signature: str | None = None


class ExtraContent(msgspec.Struct):
    """Google's fields that OpenAI's wire doesn't have (https://ai.google.dev/gemini-api/docs/thought-signatures)."""

    google: GoogleContent | None = None


class FunctionToolCall(msgspec.Struct, tag_field="type", tag="function"):
    id: str
    function: FunctionCall
    extra_content: ExtraContent | None = None


class ReasoningDetail(msgspec.Struct):
    """A thought with the state that its provider needs again (``details.py``)."""

    type: str
    text: str | None = None
    signature: str | None = None
    data: str | None = None
    format: str | None = None


class CustomCall(msgspec.Struct):
    name: Name
    input: str = ""


class CustomToolCall(msgspec.Struct, tag_field="type", tag="custom"):
    id: str
    custom: CustomCall


class System(msgspec.Struct, tag_field="role", tag="system"):
    content: str | Annotated[list[TextPart], NotEmpty]
    name: str | None = None
    cache_control: Raw = NOTHING  # the marker of the message's last part, on every message


class Developer(System, tag_field="role", tag="developer"):
    pass


class User(msgspec.Struct, tag_field="role", tag="user"):
    content: str | Annotated[list[ContentPart], NotEmpty]
    name: str | None = None
    cache_control: Raw = NOTHING


class PictureBody(msgspec.Struct):
    image_url: ImageURL


class Assistant(msgspec.Struct, tag_field="role", tag="assistant"):
    content: str | Annotated[list[TextPart | RefusalPart], NotEmpty] | None = None
    refusal: str | None = None
    reasoning_content: str | None = (
        None  # not OpenAI's own: DeepSeek, vLLM and others have it, and Turnout's replies do
    )
    reasoning_details: list[ReasoningDetail] | None = None  # in place of ``reasoning_content``
    images: list[PictureBody] | None = None  # of an answer (``render.py``)
    annotations: Raw = NOTHING  # of an answer
    tool_calls: list[FunctionToolCall | CustomToolCall] | None = None
    function_call: FunctionCall | None = None
    name: str | None = None
    cache_control: Raw = NOTHING


class ToolMessage(msgspec.Struct, tag_field="role", tag="tool"):
    tool_call_id: str
    content: str | Annotated[list[ContentPart], NotEmpty]
    cache_control: Raw = NOTHING


class FunctionMessage(msgspec.Struct, tag_field="role", tag="function"):
    name: str
    content: str | None


MarkedMessage = System | Developer | User | Assistant | ToolMessage
WireMessage = MarkedMessage | FunctionMessage


class FunctionSpec(msgspec.Struct):
    name: Name
    description: str | None = None
    parameters: Raw = NOTHING
    strict: bool | None = None
    cache_control: Raw = NOTHING  # where LiteLLM's clients may have the tool's


class Grammar(msgspec.Struct):
    grammar: custom_tools.Grammar | None = None


class CustomSpec(msgspec.Struct):
    name: Name
    description: str | None = None
    format: Grammar | None = None


class Tool(msgspec.Struct):
    """A tool of any type. Vendors have types of their own for what they run."""

    type: str | None = None
    function: FunctionSpec | None = None
    custom: CustomSpec | None = None
    cache_control: Raw = NOTHING


class Named(msgspec.Struct):
    name: Name


class AllowedTools(msgspec.Struct):
    mode: str
    tools: list[Choice]


class Choice(msgspec.Struct):
    type: str
    function: Named | None = None
    custom: Named | None = None
    allowed_tools: AllowedTools | None = None


class SchemaSpec(msgspec.Struct):
    name: Name
    description: str | None = None
    schema: Raw = NOTHING
    strict: bool | None = None


class TextFormat(msgspec.Struct, tag_field="type", tag="text"):
    pass


class JSONFormat(msgspec.Struct, tag_field="type", tag="json_object"):
    pass


class SchemaFormat(msgspec.Struct, tag_field="type", tag="json_schema"):
    json_schema: SchemaSpec


class StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Body(msgspec.Struct):
    """Bounds are OpenAI's own where its reference states them."""

    model: Name
    messages: Annotated[list[WireMessage], Meta(min_length=1)]
    tools: list[Tool] | None = None
    tool_choice: Literal["none", "auto", "required", "any"] | Choice | None = None  # "any" is Mistral's
    functions: list[FunctionSpec] | None = None  # deprecated, as is the next one
    function_call: Literal["none", "auto"] | Named | None = None
    parallel_tool_calls: bool | None = None
    response_format: TextFormat | JSONFormat | SchemaFormat | None = None
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    top_k: TopK | None = None  # not OpenAI's own: vLLM and llama.cpp have it
    seed: Seed | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    reasoning_effort: str | None = None
    max_tokens: TokenCount | None = None
    max_completion_tokens: TokenCount | None = None
    stop: str | list[str] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None


KNOWN = frozenset(Body.__struct_fields__)
