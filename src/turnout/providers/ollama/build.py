"""``ChatRequest`` → the body of ``/api/chat``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

import msgspec
from msgspec import Raw

from turnout.core import (
    Audio,
    Change,
    ChatRequest,
    Deployment,
    File,
    Image,
    Message,
    Output,
    Parameters,
    Part,
    Reasoning,
    RedactedThinking,
    Refusal,
    Sampling,
    Search,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    forced_tool,
    forces_a_tool,
)
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers.tool_calls import arguments_of, name_of, tool_names

from . import ollama_wire as wire
from .forced_tool import instruction

NAMESPACE = "ollama"
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')
_encode = msgspec.json.encode
_OPTION = "options."
"""Begins the names of options among the extensions."""


def translated_body(parameters: Parameters, deployment: Deployment) -> tuple[bytes, list[Change]]:
    """A body made from the core's request, and what it doesn't say. ``turnout.fitting`` has fitted the request."""
    request, sampling = parameters.request, parameters.sampling
    names, forced = tool_names(request), forced_tool(request)
    changes: list[Change] = []
    body = wire.ChatRequest(
        model=deployment.model,
        messages=[
            wire_message
            for number, message in enumerate(request.messages)
            for wire_message in _messages(message, names, f"messages[{number}]")
        ],
        stream=request.stream,
        options=_options(request, parameters, sampling),
        tools=None if forced else _tools(request, changes),
        format=_format(request.output),
        think=_think(request.reasoning, deployment, changes) if request.reasoning else None,
        logprobs=sampling.logprobs,
        top_logprobs=sampling.top_logprobs,
    )
    if forced:
        _force(forced, body, changes)
    extensions = (request.extensions or {}).get(NAMESPACE)
    if extensions or deployment.options:
        return _encode(_with_extensions(body, extensions or {}, deployment)), changes
    return _encode(body), changes


def _force(tool: Tool, body: wire.ChatRequest, changes: list[Change]) -> None:
    body.format = tool.parameters or _NO_PARAMETERS
    body.messages.insert(0, wire.Message(role="system", content=instruction(tool)))
    changes.append(Change("tool_choice", "the arguments' schema as format", kept=True))


def _with_extensions(body: wire.ChatRequest, extensions: dict[str, Raw], deployment: Deployment) -> dict[str, Any]:
    """``body`` with the fields that only Ollama has. The client's own come before the deployment's options."""
    fields = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    option_fields = msgspec.structs.asdict(body.options)
    options = {name: value for name, value in option_fields.items() if value is not None and value != ()}
    add_extensions(fields, options, extensions)
    add_own_defaults(fields, options, deployment)
    return fields | {"options": options}


def add_extensions(fields: dict[str, Any], options: dict[str, Any], extensions: dict[str, Raw]) -> None:
    """Adds fields that only Ollama has, unless a field of their name is set."""
    for name, value in extensions.items():
        group, key = (options, name.removeprefix(_OPTION)) if name.startswith(_OPTION) else (fields, name)
        group.setdefault(key, value)


def add_own_defaults(fields: dict[str, Any], options: dict[str, Any], deployment: Deployment) -> None:
    """Adds a deployment's ``options``: those of Ollama, and ``keep_alive``, the time that a model stays in memory."""
    for name, value in deployment.options.items():
        group = fields if name == "keep_alive" else options
        group.setdefault(name, value)


def _options(request: ChatRequest, parameters: Parameters, sampling: Sampling) -> wire.Options:
    return wire.Options(
        num_predict=parameters.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        seed=sampling.seed,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        stop=request.stop,
    )


def _tools(request: ChatRequest, changes: list[Change]) -> list[wire.Tool] | None:
    """The tools. Ollama's model always chooses itself, so without any tools it can't call one."""
    choice = request.tool_choice
    if not request.tools or (choice and choice.mode == "none"):
        return None
    if request.output.kind != "text":
        _leave_out_tools(request, changes)
        return None
    if choice and choice.mode != "auto":
        changes.append(Change("tool_choice"))
    return [_tool(tool) for tool in request.tools]


def _leave_out_tools(request: ChatRequest, changes: list[Change]) -> None:
    """Ollama's grammar for the form of an answer leaves the model no way to call a tool, which it may do without.

    https://github.com/ollama/ollama-python/issues/546, https://github.com/ollama/ollama/issues/11185
    """
    if forces_a_tool(request):
        problem = "The provider 'ollama' can't make a model call one of several tools where the answer has a form."
        raise Unsupported(problem, param="tool_choice")
    changes.append(Change("tools"))


def _tool(tool: Tool) -> wire.Tool:
    parameters = _NO_PARAMETERS if tool.parameters is None else tool.parameters
    return wire.Tool(wire.ToolFunction(tool.name, parameters, tool.description))


def _format(output: Output) -> str | Raw | None:
    if output.kind == "text":
        return None
    return "json" if output.schema is None else output.schema


_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_BY_LEVEL = "gpt-oss"
"""The models that take a level. For all others it is an error (https://docs.ollama.com/capabilities/thinking)."""


def _think(reasoning: Reasoning, deployment: Deployment, changes: list[Change]) -> bool | str:
    """A level or a switch. Ollama has no budget in tokens."""
    if not reasoning.enabled or reasoning.effort is None:
        return reasoning.enabled
    level = _LEVELS.get(reasoning.effort)
    if level is not None and _takes_levels(deployment):
        return level
    changes.append(Change("reasoning_effort", "think: true"))
    return True


def _takes_levels(deployment: Deployment) -> bool:
    """As the engine says, or by the name while it hasn't said anything."""
    efforts = deployment.traits.efforts
    return _BY_LEVEL in deployment.model if efforts is None else bool(efforts)


# --- messages ----------------------------------------------------------------------------------------


def _messages(message: Message, names: dict[str, str], where: str) -> Iterator[wire.Message]:
    """One message, or several: this wire has one message for every tool result."""
    rest = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield _result(part, names, where)
        else:
            rest.append(part)
    if rest:
        wire_message = wire.Message(role=message.role, content="")
        for part in rest:
            _add(wire_message, part, where)
        yield wire_message


def _result(result: ToolResult, names: dict[str, str], where: str) -> wire.Message:
    wire_message = wire.Message(
        role="tool", content="", tool_name=name_of(result, names, where), tool_call_id=result.call_id
    )
    for part in result.parts:
        _add(wire_message, part, where)
    return wire_message


def _add(wire_message: wire.Message, part: Part, where: str) -> None:
    """Adds a part to a message, which has one text here. A line end separates the texts of two parts."""
    match part:
        case Text(text=text) | Refusal(text=text):
            wire_message.content = f"{wire_message.content}\n{text}" if wire_message.content else text
        case Thinking(text=text):
            wire_message.thinking = f"{wire_message.thinking}\n{text}" if wire_message.thinking else text
        case Image(data=str(data)):
            wire_message.images = [*(wire_message.images or ()), data]
        case ToolCall():
            function = wire.Function(part.name, arguments_of(part, where))
            wire_message.tool_calls = [*(wire_message.tool_calls or ()), wire.ToolCall(function, part.id)]
        case RedactedThinking() | Search():
            pass  # of another provider, which alone can read it
        case Image() | Audio() | File() | ToolResult():
            raise InvalidRequest(f"A part of type '{type(part).__name__}' has no place in {where}.", param=where)
        case _:
            assert_never(part)
