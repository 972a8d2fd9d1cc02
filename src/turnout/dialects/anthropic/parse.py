"""A request body → ``ChatRequest``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec
from msgspec import UNSET, Raw

from turnout.core import (
    ChatRequest,
    HostedTool,
    Message,
    Output,
    Part,
    Reasoning,
    Sampling,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WireBody,
)
from turnout.dialects.lazy import Form, parse_lazily
from turnout.dialects.opened import opened
from turnout.dialects.parsing import encoding_error

from . import anthropic_bodies as wire
from .blocks import NAMESPACE, extensions_of, parts
from .client_tools import client_tool, search_of
from .fields import OPTIONAL_STRING, STRING, Fields, invalid, read, take, take_if_there

WIRE = "anthropic-messages"
_BODY = msgspec.json.Decoder(wire.Body)
_RAW = msgspec.json.Decoder(Raw)
_FLAG = msgspec.json.Decoder(bool | None)
_FORMAT = msgspec.json.Decoder(Fields | None)
_NULL = Raw(b"null")
_FORM = Form(
    conversation=frozenset({"system", "messages", "tools", "tool_choice"}),
    stand_in={"messages": Raw(b'[{"role":"user","content":"x"}]'), "max_tokens": Raw(b"1")},
    image_marks=(b'"image"',),
)
_THINKING = frozenset({"enabled", "adaptive", "disabled"})


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` for a body without a model. ``whole`` raises it for other wrong fields."""
    _check_encoding(body)
    return parse_lazily(body, _FORM, _read)


def _read(body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field, such as ``messages.0.content.1.text``."""
    typed = read(_BODY, body)
    other_fields = {name: value for name, value in fields.items() if name not in wire.KNOWN and value != _NULL}
    tools, hosted = _tools(typed.tools)
    effort, output = _output(typed.output_config, other_fields)
    return ChatRequest(
        typed.model,
        tuple(_messages(typed)),
        tools,
        hosted=hosted,
        tool_choice=_tool_choice(typed.tool_choice, fields, other_fields),
        parallel_tool_calls=_parallel_tool_calls(typed.tool_choice),
        output=output,
        sampling=Sampling(temperature=typed.temperature, top_p=typed.top_p, top_k=typed.top_k),
        reasoning=_reasoning(typed.thinking, effort, fields, other_fields),
        max_output=typed.max_tokens,
        stop=tuple(typed.stop_sequences or ()),
        stream=bool(typed.stream),
        stream_usage=bool(typed.stream),
        user=_user(typed.metadata, other_fields),
        extensions=extensions_of(other_fields),
        raw=WireBody(WIRE, fields, form=wire.Body),
    )


def _check_encoding(body: bytes) -> None:
    error = encoding_error(body)
    if error is not None:
        raise invalid("", f"the request body is not valid UTF-8: {error}") from error


def _messages(typed: wire.Body) -> Iterator[Message]:
    if typed.system:
        yield Message("system", parts(typed.system, "system", "system"))
    names: dict[str, str] = {}
    for number, message in enumerate(typed.messages):
        where = f"messages.{number}.content"
        if message.content is UNSET and message.role != "system":
            raise invalid(where, "Field required")
        content_parts = parts(message.content or [], message.role, where)
        if message.role == "user":
            if not content_parts:
                raise invalid(where, "user messages must have non-empty content")
            yield from _user_messages(content_parts, names)
            continue
        names |= {part.id: part.name for part in content_parts if isinstance(part, ToolCall)}
        yield Message(message.role, opened(content_parts), extensions=_message_extensions(message))


def _user_messages(content_parts: tuple[Part, ...], names: dict[str, str]) -> Iterator[Message]:
    """The core has separate messages for tool results, and results name their tool."""
    for is_result, run in groupby(content_parts, lambda part: isinstance(part, ToolResult)):
        if is_result:
            yield Message("tool", tuple([_with_tool_name(part, names) for part in run]))
        else:
            yield Message("user", tuple(run))


def _with_tool_name(part: Part, names: dict[str, str]) -> Part:
    if isinstance(part, ToolResult) and part.call_id in names:
        return msgspec.structs.replace(part, name=names[part.call_id])
    return part


def _message_extensions(message: wire.WireMessage) -> dict[str, Fields] | None:
    fields = {"clear_at": message.clear_at, "output_config": message.output_config}
    return extensions_of({name: value for name, value in fields.items() if isinstance(value, Raw)})


# Each function below reads one part of the body. It adds the fields that the core doesn't have to ``other_fields``.


def _tools(tools: list[Fields] | None) -> tuple[tuple[Tool, ...], tuple[HostedTool, ...]]:
    """The tools that the client runs, and those that Anthropic runs."""
    functions: list[Tool] = []
    hosted: list[HostedTool] = []
    for number, fields in enumerate(tools or ()):
        where = f"tools.{number}"
        kind = take_if_there(fields, "type", OPTIONAL_STRING, where)
        tool = _tool(fields, where) if kind in (None, "custom") else client_tool(fields, kind, number)
        if tool is None:
            definition = Raw(msgspec.json.encode({"type": kind, **fields}))
            name = take_if_there(fields, "name", OPTIONAL_STRING, where)
            search = search_of(fields, where) if str(kind).startswith("web_search_") else None
            hosted.append(HostedTool(f"tools[{number}]", {NAMESPACE: {"tool": definition}}, name, search))
        else:
            functions.append(tool)
    return tuple(functions), tuple(hosted)


def _tool(tool: Fields, where: str) -> Tool:
    return Tool(
        name=take(tool, "name", STRING, where),
        description=take_if_there(tool, "description", OPTIONAL_STRING, where),
        parameters=take(tool, "input_schema", _RAW, where),
        strict=take_if_there(tool, "strict", _FLAG, where),
        extensions=extensions_of(tool),
    )


def _tool_choice(choice: wire.ToolChoice | None, fields: Fields, other_fields: Fields) -> ToolChoice | None:
    match choice:
        case None:
            return None
        case wire.ToolChoice(type="auto"):
            return ToolChoice("auto")
        case wire.ToolChoice(type="any"):
            return ToolChoice("required")
        case wire.ToolChoice(type="none"):
            return ToolChoice("none")
        case wire.ToolChoice(type="tool", name=name):
            if name is None:
                raise invalid("tool_choice.name", "Field required")
            return ToolChoice("tool", name)
    other_fields["tool_choice"] = fields["tool_choice"]
    return None


def _parallel_tool_calls(choice: wire.ToolChoice | None) -> bool | None:
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use


def _output(config: Fields | None, other_fields: Fields) -> tuple[str | None, Output]:
    """The effort, and the format of the answer."""
    if not config:
        return None, Output()
    effort = take_if_there(config, "effort", OPTIONAL_STRING, "output_config")
    output = Output()
    output_format = read(_FORMAT, config.get("format", _NULL), "output_config", "format")
    if output_format is None or output_format.get("type") == Raw(b'"json_schema"'):
        config.pop("format", None)
        output = (
            Output("json_schema", take(output_format, "schema", _RAW, "output_config.format"))
            if output_format
            else output
        )
    if config:
        other_fields["output_config"] = Raw(msgspec.json.encode(config))
    return effort, output


def _reasoning(
    thinking: wire.Thinking | None, effort: str | None, fields: Fields, other_fields: Fields
) -> Reasoning | None:
    """``display`` only changes how thoughts are shown. The core doesn't have it."""
    if thinking is None:
        return Reasoning(effort=effort) if effort else None
    if thinking.type not in _THINKING:
        other_fields["thinking"] = fields["thinking"]
        return Reasoning(effort=effort) if effort else None
    if thinking.type == "enabled" and thinking.budget_tokens is None:
        raise invalid("thinking.budget_tokens", "Field required")
    budget = thinking.budget_tokens if thinking.type == "enabled" else None
    return Reasoning(enabled=thinking.type != "disabled", effort=effort, budget=budget)


def _user(metadata: Fields | None, other_fields: Fields) -> str | None:
    if not metadata:
        return None
    user = take_if_there(metadata, "user_id", OPTIONAL_STRING, "metadata")
    if metadata:
        other_fields["metadata"] = Raw(msgspec.json.encode(metadata))
    return user
