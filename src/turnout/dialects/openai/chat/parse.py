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
    Search,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    WireBody,
)
from turnout.dialects.lazy import Fields, Form, parse_lazily
from turnout.dialects.openai import custom_tools
from turnout.dialects.openai.data_urls import file_of, image_of, media_at
from turnout.dialects.openai.extensions import NAMESPACE
from turnout.dialects.opened import opened
from turnout.dialects.parsing import check_encoding, decode, raw_or_none, unknown_fields
from turnout.errors import InvalidRequest

from . import chat_bodies as wire
from .annotations import sources_in
from .cache_markers import MARKER, cache_marker, with_marker
from .details import extensions_in, thoughts_in
from .legacy import LegacyCalls
from .tools import Tools, tools_of

WIRE = "openai-chat"
_BODY = msgspec.json.Decoder(wire.Body)
_FORM = Form(
    conversation=frozenset({"messages", "tools", "tool_choice"}),
    stand_in={"messages": Raw(b'[{"role":"user","content":""}]')},
    image_marks=(b'"image_url"',),
)
_VIDEO = "video/mp4"
"""The type of a video at an address that doesn't tell it, such as YouTube's."""

_DEVELOPER = {NAMESPACE: {"role": Raw(b'"developer"')}}


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` for a body without a model. ``whole`` raises it for other wrong fields."""
    check_encoding(body)
    return parse_lazily(body, _FORM, _read)


def _read(body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field, such as ``messages[0].content``."""
    typed = decode(_BODY, body)
    tools = tools_of(typed, fields)
    return ChatRequest(
        typed.model,
        tuple(_messages(typed.messages)),
        tools.functions,
        tools.hosted,
        tools.choice,
        False if typed.functions else typed.parallel_tool_calls,
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
        extensions=_extensions(fields, tools),
        raw=WireBody(WIRE, fields, form=wire.Body),
    )


def _extensions(fields: dict[str, Raw], tools: Tools) -> Extensions:
    """Fields that the core doesn't have, and a choice of a tool that no other wire has."""
    unknown = unknown_fields(fields, wire.KNOWN)
    if not (unknown or tools.is_foreign):
        return None
    if tools.is_foreign:
        unknown["tool_choice"] = fields["tool_choice"]
    automatic = cache_marker(unknown.pop(MARKER, Raw()))
    return ({NAMESPACE: unknown} if unknown else {}) | (automatic or {}) or None


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


def _output(form: wire.TextFormat | wire.JSONFormat | wire.SchemaFormat | None) -> Output:
    match form:
        case wire.JSONFormat():
            return Output("json")
        case wire.SchemaFormat(json_schema=spec):
            return Output("json_schema", raw_or_none(spec.schema), spec.name, spec.strict, spec.description)
    return Output()


def _messages(messages: Sequence[wire.WireMessage]) -> Iterator[Message]:
    legacy = LegacyCalls()
    for number, message in enumerate(messages):
        match message:
            case wire.User():  # first, because a short conversation has no others
                yield _marked(Message("user", _parts(message.content, f"messages[{number}]"), message.name), message)
            case wire.FunctionMessage():
                yield Message("tool", (legacy.result(message),))
            case wire.Assistant():
                parts = (*_assistant_parts(message, f"messages[{number}]"), *legacy.call(message, number))
                yield _marked(Message("assistant", opened(parts), message.name), message)
            case _:
                yield _marked(_message(f"messages[{number}]", message), message)


def _marked(read: Message, message: wire.MarkedMessage) -> Message:
    return with_marker(read, message.cache_control) if message.cache_control else read


def _message(where: str, message: wire.System | wire.ToolMessage) -> Message:
    match message:
        case wire.ToolMessage():
            result = ToolResult(message.tool_call_id, _result_parts(message.content, where))
            return Message("tool", (result,))
        case wire.Developer():
            return Message("system", _parts(message.content, where), message.name, _DEVELOPER)
        case wire.System():
            return Message("system", _parts(message.content, where), message.name)


def _assistant_parts(message: wire.Assistant, where: str) -> Iterator[Part]:
    if message.reasoning_details:
        yield from thoughts_in(message.reasoning_details)
    elif message.reasoning_content:
        yield Thinking(message.reasoning_content)
    sources = sources_in(message.annotations) if message.annotations else ()
    if sources:
        yield Search(sources=sources)
    if message.content is not None:
        yield from _parts(message.content, where)
    if message.refusal:
        yield Refusal(message.refusal)
    for number, picture in enumerate(message.images or ()):
        yield image_of(picture.image_url.url, None, None, f"{where}.images[{number}].image_url.url")
    for call in message.tool_calls or ():
        if isinstance(call, wire.FunctionToolCall):
            yield ToolCall(call.id, call.function.name, call.function.arguments, extensions_in(call))
        else:
            yield ToolCall(call.id, call.custom.name, custom_tools.arguments_of(call.custom.input))


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
            return Text(text, cache_marker(marker))
        case wire.ImagePart(image_url=image, cache_control=marker):
            return image_of(image.url, image.detail, cache_marker(marker), f"{where}.image_url.url")
        case wire.AudioPart(input_audio=audio):
            return Audio(audio.data, audio.format)
        case wire.FilePart(file=file, cache_control=marker):
            return file_of(file.file_data, None, file.file_id, file.filename, cache_marker(marker))
        case wire.VideoPart(video_url=video, cache_control=marker):
            address = video if isinstance(video, str) else video.url
            return media_at(address, _VIDEO, cache_marker(marker), f"{where}.video_url")
        case wire.DocumentPart(document_url=url, document_name=name, cache_control=marker):
            document = media_at(url, None, cache_marker(marker), f"{where}.document_url")
            return msgspec.structs.replace(document, name=name)
        case wire.RefusalPart(refusal=refusal):
            return Refusal(refusal)
