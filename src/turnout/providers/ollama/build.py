"""``ChatRequest`` → the body of ``/api/chat``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

import msgspec
from msgspec import Raw

from turnout.core import (
    Audio,
    ChatRequest,
    Defaults,
    Deployment,
    File,
    Image,
    Message,
    Output,
    Parameter,
    Parameters,
    Part,
    Reasoning,
    RedactedThinking,
    Refusal,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    parameters_of,
)
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers.raw_fields import object_in, set_parameters
from turnout.providers.tool_calls import arguments_of, name_of, tool_names

from . import ollama_wire as wire

NAMESPACE = "ollama"
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')
_encode = msgspec.json.encode
_OPTION = "options."
"""Begins the names of options among the extensions."""


def translated_body(request: ChatRequest, deployment: Deployment) -> bytes:
    """A body made from the core's request. ``refuse_unsupported`` has checked the request before."""
    names = tool_names(request)
    parameters = parameters_of(request, deployment)
    sampling = parameters.sampling
    body = wire.ChatRequest(
        model=deployment.model,
        messages=[
            wired
            for number, message in enumerate(request.messages)
            for wired in _messages(message, names, f"messages[{number}]")
        ],
        stream=request.stream,
        options=_options(request, parameters, sampling),
        tools=_tools(request),
        format=_format(request.output),
        think=_think(request.reasoning) if request.reasoning else None,
        logprobs=sampling.logprobs,
        top_logprobs=sampling.top_logprobs,
    )
    more = (request.extensions or {}).get(NAMESPACE)
    return _encode(_with_more(body, more or {}, deployment) if more or deployment.options else body)


def _with_more(body: wire.ChatRequest, more: dict[str, Raw], deployment: Deployment) -> dict[str, Any]:
    """``body`` with what only Ollama knows: the client's, kept as extensions, before the deployment's options."""
    fields = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    said = msgspec.structs.asdict(body.options)
    options = {name: value for name, value in said.items() if value is not None and value != ()}
    add_extensions(fields, options, more)
    add_own_defaults(fields, options, deployment)
    return fields | {"options": options}


def add_extensions(fields: dict[str, Any], options: dict[str, Any], more: dict[str, Raw]) -> None:
    """Fields of Ollama's own, where nothing is said under their name."""
    for name, value in more.items():
        group, key = (options, name.removeprefix(_OPTION)) if name.startswith(_OPTION) else (fields, name)
        group.setdefault(key, value)


def add_own_defaults(fields: dict[str, Any], options: dict[str, Any], deployment: Deployment) -> None:
    """A deployment's ``options`` are Ollama's own, and how long it keeps the model in memory."""
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


def _tools(request: ChatRequest) -> list[wire.Tool] | None:
    """Ollama's model always chooses for itself; not to let it call a tool is not to tell it of any."""
    choice = request.tool_choice
    if not request.tools or (choice and choice.mode == "none"):
        return None
    if choice and choice.mode != "auto":
        raise Unsupported("The provider 'ollama' can't be made to call a tool.", param="tool_choice")
    return [_tool(tool) for tool in request.tools]


def _tool(tool: Tool) -> wire.Tool:
    parameters = _NO_PARAMETERS if tool.parameters is None else tool.parameters
    return wire.Tool(wire.ToolFunction(tool.name, parameters, tool.description))


def _format(output: Output) -> str | Raw | None:
    if output.kind == "text":
        return None
    return "json" if output.schema is None else output.schema


_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "max"}


def _think(reasoning: Reasoning) -> bool | str:
    """A word or a switch; a budget in tokens has no place here (https://docs.ollama.com/capabilities/thinking)."""
    if not reasoning.enabled or reasoning.effort is None:
        return reasoning.enabled
    if reasoning.effort not in _LEVELS:
        raise Unsupported(
            f"The provider 'ollama' does not know the effort '{reasoning.effort}', only {', '.join(_LEVELS)}.",
            param="reasoning_effort",
        )
    return _LEVELS[reasoning.effort]


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
        wired = wire.Message(role=message.role, content="")
        for part in rest:
            _add(wired, part, where)
        yield wired


def _result(result: ToolResult, names: dict[str, str], where: str) -> wire.Message:
    wired = wire.Message(role="tool", content="", tool_name=name_of(result, names, where), tool_call_id=result.call_id)
    for part in result.parts:
        _add(wired, part, where)
    return wired


def _add(wired: wire.Message, part: Part, where: str) -> None:
    """Texts are parted by a line end: a message has one text here, and its words must not run together."""
    match part:
        case Text(text=text) | Refusal(text=text):
            wired.content = f"{wired.content}\n{text}" if wired.content else text
        case Thinking(text=text):
            wired.thinking = f"{wired.thinking}\n{text}" if wired.thinking else text
        case Image(data=str(data)):
            wired.images = [*(wired.images or ()), data]
        case ToolCall():
            function = wire.Function(part.name, arguments_of(part, where))
            wired.tool_calls = [*(wired.tool_calls or ()), wire.ToolCall(function, part.id)]
        case RedactedThinking():
            pass  # another provider's thoughts, which only that one can read
        case Image() | Audio() | File() | ToolResult():
            raise InvalidRequest(f"A part of type '{type(part).__name__}' has no place in {where}.", param=where)
        case _:
            assert_never(part)


# --- relayed -----------------------------------------------------------------------------------------

_NAMES: dict[Parameter, tuple[str, ...]] = {
    "frequency_penalty": ("frequency_penalty",),
    "max_tokens": ("num_predict",),
    "presence_penalty": ("presence_penalty",),
    "seed": ("seed",),
    "stop": ("stop",),
    "temperature": ("temperature",),
    "top_k": ("top_k",),
    "top_p": ("top_p",),
}
"""In ``options``."""

_OUTSIDE_OPTIONS: tuple[Parameter, ...] = ("logprobs", "top_logprobs")
_NO_DEFAULTS = Defaults()


def relayed_body(fields: dict[str, Raw], request: ChatRequest, deployment: Deployment) -> bytes:
    """The client's own fields, byte for byte, but for the model's name, the parameters and the deployment's options."""
    parameters = parameters_of(request, deployment)
    body: dict[str, Raw | dict[str, Raw]] = {**fields, "model": Raw(_encode(deployment.model))}
    if not parameters.refused and parameters.defaults == _NO_DEFAULTS and not deployment.options:
        return _encode(body)
    options = object_in(fields, "options")
    set_parameters(options, parameters, _NAMES)
    for name in _OUTSIDE_OPTIONS:
        if name in parameters.refused:
            body.pop(name, None)
    add_own_defaults(body, options, deployment)
    return _encode(body | {"options": options})
