"""A request body → ``ChatRequest``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec
from msgspec import UNSET, Raw

from turnout.core import (
    ChatRequest,
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

from . import anthropic_bodies as wire
from .blocks import leftover, parts
from .reading import FIELDS, OPTIONAL_STRING, STRING, Fields, invalid, read, take, take_if_there

WIRE = "anthropic-messages"
_BODY = msgspec.json.Decoder(wire.Body)
_RAW = msgspec.json.Decoder(Raw)
_FLAG = msgspec.json.Decoder(bool | None)
_FORMAT = msgspec.json.Decoder(Fields | None)
_NULL = Raw(b"null")
_THINKING = frozenset({"enabled", "adaptive", "disabled"})


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` naming the field that is wrong, in the form ``messages.0.content.1.text``."""
    _check_encoding(body)
    typed = read(_BODY, body)
    fields = read(FIELDS, body)
    extensions = {name: value for name, value in fields.items() if name not in wire.KNOWN and value != _NULL}
    tools = _tools(typed.tools, fields, extensions)
    effort, output = _output(typed.output_config, extensions)
    return ChatRequest(
        model=typed.model,
        messages=tuple(_messages(typed)),
        tools=tools,
        tool_choice=_tool_choice(typed.tool_choice, fields, extensions),
        parallel_tool_calls=_parallel(typed.tool_choice),
        output=output,
        sampling=Sampling(temperature=typed.temperature, top_p=typed.top_p, top_k=typed.top_k),
        reasoning=_reasoning(typed.thinking, effort, fields, extensions),
        max_output=typed.max_tokens,
        stop=tuple(typed.stop_sequences or ()),
        stream=bool(typed.stream),
        stream_usage=bool(typed.stream),
        user=_user(typed.metadata, extensions),
        extensions=leftover(extensions),
        raw=WireBody(WIRE, fields, form=wire.Body),
    )


def _check_encoding(body: bytes) -> None:
    """JSON that stays raw is not looked into, so bad UTF-8 has to be found beforehand."""
    if body.isascii():
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise invalid("", f"the request body is not valid UTF-8: {error}") from error


def _messages(typed: wire.Body) -> Iterator[Message]:
    if typed.system:
        yield Message("system", parts(typed.system, "system", "system"))
    names: dict[str, str] = {}
    for number, message in enumerate(typed.messages):
        where = f"messages.{number}.content"
        if message.content is UNSET and message.role != "system":
            raise invalid(where, "Field required")
        found = parts(message.content or [], message.role, where)
        if message.role == "user":
            if not found:
                raise invalid(where, "user messages must have non-empty content")
            yield from _user_messages(found, names)
            continue
        names |= {part.id: part.name for part in found if isinstance(part, ToolCall)}
        yield Message(message.role, found, extensions=_message_extensions(message))


def _user_messages(found: tuple[Part, ...], names: dict[str, str]) -> Iterator[Message]:
    """The core keeps tool results in messages of their own, with the name of the tool."""
    for is_result, run in groupby(found, lambda part: isinstance(part, ToolResult)):
        if is_result:
            yield Message("tool", tuple([_named(part, names) for part in run]))
        else:
            yield Message("user", tuple(run))


def _named(part: Part, names: dict[str, str]) -> Part:
    if isinstance(part, ToolResult) and part.call_id in names:
        return msgspec.structs.replace(part, name=names[part.call_id])
    return part


def _message_extensions(message: wire.WireMessage) -> dict[str, Fields] | None:
    fields = {"clear_at": message.clear_at, "output_config": message.output_config}
    return leftover({name: value for name, value in fields.items() if isinstance(value, Raw)})


# Each of the following reads one part of the body, and puts what has no place in the core into ``extensions``.


def _tools(tools: list[Fields] | None, fields: Fields, extensions: Fields) -> tuple[Tool, ...]:
    """A tool that Anthropic defines or runs has no place in the core: then all of them are kept as they came, too."""
    found = []
    for number, tool in enumerate(tools or ()):
        where = f"tools.{number}"
        if take_if_there(tool, "type", OPTIONAL_STRING, where) in (None, "custom"):
            found.append(_tool(tool, where))
        else:
            extensions["tools"] = fields["tools"]
    return tuple(found)


def _tool(tool: Fields, where: str) -> Tool:
    return Tool(
        name=take(tool, "name", STRING, where),
        description=take_if_there(tool, "description", OPTIONAL_STRING, where),
        parameters=take(tool, "input_schema", _RAW, where),
        strict=take_if_there(tool, "strict", _FLAG, where),
        extensions=leftover(tool),
    )


def _tool_choice(choice: wire.ToolChoice | None, fields: Fields, extensions: Fields) -> ToolChoice | None:
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
    extensions["tool_choice"] = fields["tool_choice"]
    return None


def _parallel(choice: wire.ToolChoice | None) -> bool | None:
    if choice is None or choice.disable_parallel_tool_use is None:
        return None
    return not choice.disable_parallel_tool_use


def _output(config: Fields | None, extensions: Fields) -> tuple[str | None, Output]:
    """The effort, and the form of the answer."""
    if not config:
        return None, Output()
    effort = take_if_there(config, "effort", OPTIONAL_STRING, "output_config")
    output = Output()
    form = read(_FORMAT, config.get("format", _NULL), "output_config", "format")
    if form is None or form.get("type") == Raw(b'"json_schema"'):
        config.pop("format", None)
        output = Output("json_schema", take(form, "schema", _RAW, "output_config.format")) if form else output
    if config:
        extensions["output_config"] = Raw(msgspec.json.encode(config))
    return effort, output


def _reasoning(
    thinking: wire.Thinking | None, effort: str | None, fields: Fields, extensions: Fields
) -> Reasoning | None:
    """``display`` only changes how thoughts are shown, and has no place in the core."""
    if thinking is None:
        return Reasoning(effort=effort) if effort else None
    if thinking.type not in _THINKING:
        extensions["thinking"] = fields["thinking"]
        return Reasoning(effort=effort) if effort else None
    if thinking.type == "enabled" and thinking.budget_tokens is None:
        raise invalid("thinking.budget_tokens", "Field required")
    budget = thinking.budget_tokens if thinking.type == "enabled" else None
    return Reasoning(enabled=thinking.type != "disabled", effort=effort, budget=budget)


def _user(metadata: Fields | None, extensions: Fields) -> str | None:
    if not metadata:
        return None
    user = take_if_there(metadata, "user_id", OPTIONAL_STRING, "metadata")
    if metadata:
        extensions["metadata"] = Raw(msgspec.json.encode(metadata))
    return user
