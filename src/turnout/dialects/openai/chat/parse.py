"""A request body → ``ChatRequest``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from turnout.core import (
    Audio,
    ChatRequest,
    Extensions,
    File,
    Image,
    Message,
    Output,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WireBody,
)
from turnout.dialects.lazy import Fields, Form, parse_lazily
from turnout.dialects.openai.data_urls import file_data_of, image_of
from turnout.dialects.openai.extensions import NAMESPACE
from turnout.dialects.parsing import check_encoding, decode, raw_or_none, unknown_fields
from turnout.errors import InvalidRequest

from . import chat_bodies as wire
from .details import extensions_in, thoughts_in

WIRE = "openai-chat"
_BODY = msgspec.json.Decoder(wire.Body)
_FORM = Form(
    conversation=frozenset({"messages", "tools", "tool_choice"}),
    stand_in={"messages": Raw(b'[{"role":"user","content":""}]')},
    image_marks=(b'"image_url"',),
)
_DEVELOPER = {NAMESPACE: {"role": Raw(b'"developer"')}}


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` for a body without a model. ``whole`` raises it for other wrong fields."""
    check_encoding(body)
    return parse_lazily(body, _FORM, _read)


def _read(body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field, such as ``messages[0].content``."""
    typed = decode(_BODY, body)
    return ChatRequest(
        model=typed.model,
        messages=tuple([_message(number, message) for number, message in enumerate(typed.messages)]),
        tools=tuple([_tool(tool) for tool in typed.tools if isinstance(tool, wire.FunctionTool)])
        if typed.tools
        else (),
        tool_choice=_tool_choice(typed.tool_choice),
        parallel_tool_calls=typed.parallel_tool_calls,
        output=_output(typed.response_format),
        sampling=_sampling(typed),
        reasoning=_reasoning(typed.reasoning_effort),
        max_output=typed.max_tokens if typed.max_completion_tokens is None else typed.max_completion_tokens,
        stop=(typed.stop,) if isinstance(typed.stop, str) else tuple(typed.stop or ()),
        n=typed.n or 1,
        stream=bool(typed.stream),
        stream_usage=bool(typed.stream_options and typed.stream_options.include_usage),
        user=typed.user,
        metadata=typed.metadata,
        extensions=_extensions(typed, fields),
        raw=WireBody(WIRE, fields, form=wire.Body),
    )


def _extensions(typed: wire.Body, fields: dict[str, Raw]) -> dict[str, dict[str, Raw]] | None:
    """Fields that the core doesn't have, among them tools and choices that no other wire has."""
    unknown = unknown_fields(fields, wire.KNOWN)
    if typed.tools and any(isinstance(tool, wire.CustomTool) for tool in typed.tools):
        unknown["tools"] = fields["tools"]
    if isinstance(typed.tool_choice, wire.CustomChoice | wire.AllowedChoice):
        unknown["tool_choice"] = fields["tool_choice"]
    for message in typed.messages:
        if _is_legacy(message):
            unknown["messages"] = fields["messages"]
    return {NAMESPACE: unknown} if unknown else None


def _is_legacy(message: wire.WireMessage) -> bool:
    """No other wire has function messages, which are deprecated, or custom tools."""
    if type(message) is wire.Assistant:
        custom = message.tool_calls and any(isinstance(call, wire.CustomToolCall) for call in message.tool_calls)
        return bool(message.function_call or custom)
    return type(message) is wire.FunctionMessage


def _sampling(typed: wire.Body) -> Sampling:
    return Sampling(
        temperature=typed.temperature,
        top_p=typed.top_p,
        top_k=typed.top_k,
        seed=typed.seed,
        presence_penalty=typed.presence_penalty,
        frequency_penalty=typed.frequency_penalty,
        logprobs=typed.logprobs,
        top_logprobs=typed.top_logprobs,
    )


def _reasoning(effort: str | None) -> Reasoning | None:
    if effort is None:
        return None
    return Reasoning(enabled=effort != "none", effort=effort)


def _tool(tool: wire.FunctionTool) -> Tool:
    spec = tool.function
    parameters = raw_or_none(spec.parameters)
    return Tool(spec.name, spec.description, parameters, spec.strict, _cache_marker(tool.cache_control))


def _cache_marker(marker: Raw) -> Extensions:
    return {"anthropic": {"cache_control": marker}} if marker else None


def _tool_choice(choice: object) -> ToolChoice | None:
    match choice:
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case wire.NamedChoice(function=function):
            return ToolChoice("tool", function.name)
    return None


def _output(form: wire.TextFormat | wire.JSONFormat | wire.SchemaFormat | None) -> Output:
    match form:
        case wire.JSONFormat():
            return Output("json")
        case wire.SchemaFormat(json_schema=spec):
            return Output("json_schema", raw_or_none(spec.schema), spec.name, spec.strict, spec.description)
    return Output()


def _message(number: int, message: wire.WireMessage) -> Message:
    where = f"messages[{number}]"
    match message:
        case wire.User():
            return Message("user", _parts(message.content, where), message.name)
        case wire.Assistant():
            return Message("assistant", tuple(_assistant_parts(message, where)), message.name)
        case wire.ToolMessage():
            result = ToolResult(message.tool_call_id, _result_parts(message.content, where))
            return Message("tool", (result,))
        case wire.Developer():
            return Message("system", _parts(message.content, where), message.name, _DEVELOPER)
        case wire.System():
            return Message("system", _parts(message.content, where), message.name)
        case wire.FunctionMessage():
            return Message("tool", (ToolResult(message.name, (Text(message.content or ""),), name=message.name),))


def _assistant_parts(message: wire.Assistant, where: str) -> Iterator[Part]:
    if message.reasoning_details:
        yield from thoughts_in(message.reasoning_details)
    elif message.reasoning_content:
        yield Thinking(message.reasoning_content)
    if message.content is not None:
        yield from _parts(message.content, where)
    if message.refusal:
        yield Refusal(message.refusal)
    for call in message.tool_calls or ():
        if isinstance(call, wire.FunctionToolCall):
            yield ToolCall(call.id, call.function.name, call.function.arguments, extensions_in(call))
    if message.function_call:
        yield ToolCall(message.function_call.name, message.function_call.name, message.function_call.arguments)


def _parts(content: str | Sequence[wire.ContentPart], where: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    return tuple([_part(part, f"{where}.content[{number}]") for number, part in enumerate(content)])


def _result_parts(content: str | Sequence[wire.ContentPart], where: str) -> tuple[Text | Image | File, ...]:
    parts = _parts(content, where)
    for number, part in enumerate(parts):
        if not isinstance(part, Text | Image | File):
            field = f"{where}.content[{number}].type"
            raise InvalidRequest(f"Invalid '{field}': a tool's result holds text, images and files.", param=field)
    return parts  # type: ignore[return-value]  # the loop above has checked it


def _part(part: wire.ContentPart, where: str) -> Part:
    match part:
        case wire.TextPart(text=text, cache_control=marker):
            return Text(text, _cache_marker(marker))
        case wire.ImagePart(image_url=image, cache_control=marker):
            return image_of(image.url, image.detail, _cache_marker(marker), f"{where}.image_url.url")
        case wire.AudioPart(input_audio=audio):
            return Audio(audio.data, audio.format)
        case wire.FilePart(file=file, cache_control=marker):
            return _file(file, _cache_marker(marker))
        case wire.RefusalPart(refusal=refusal):
            return Refusal(refusal)


def _file(file: wire.FileBody, extensions: Extensions) -> File:
    data, media_type = file_data_of(file.file_data)
    return File(data=data, file_id=file.file_id, media_type=media_type, name=file.filename, extensions=extensions)
