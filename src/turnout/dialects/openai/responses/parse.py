"""A request body → ``ChatRequest``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw

from turnout.core import (
    ChatRequest,
    Continuation,
    Extensions,
    Output,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
    WireBody,
)
from turnout.dialects.parsing import check_encoding, decode, decode_fields, raw_or_none
from turnout.errors import InvalidRequest

from . import responses_bodies as wire
from .items import Conversation, raw_items

WIRE = "openai-responses"
NAMESPACE = WIRE  # of what only this wire has
CHAT_NAMESPACE = "openai"  # of what OpenAI's chat has, too, under the same name
_CHATS = frozenset(
    {"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "service_tier"}
)
_LOGPROBS = "message.output_text.logprobs"
_BODY = msgspec.json.Decoder(wire.Body)


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` naming the field that is wrong, in the form ``input[0].content``."""
    check_encoding(body)
    return _request(decode(_BODY, body), decode_fields(body), None)


def continued(fields: Mapping[str, Raw], continuation: Continuation | None) -> ChatRequest:
    """The request that ``fields`` make after what came before it."""
    return _request(decode(_BODY, msgspec.json.encode(fields)), dict(fields), continuation)


def _request(typed: wire.Body, fields: dict[str, Raw], continuation: Continuation | None) -> ChatRequest:
    conversation = Conversation()
    if typed.instructions:
        conversation.system(typed.instructions)
    if continuation is not None:
        conversation.read(continuation.items, "previous")
    conversation.read(raw_items(typed.input))
    messages = conversation.end()
    if not messages and not conversation.refused and not fields.keys() & {"previous_response_id", "prompt"}:
        raise InvalidRequest("Missing 'input': say something.", param="input")
    return ChatRequest(
        model=typed.model,
        messages=messages,
        tools=tuple([_tool(tool, number) for number, tool in enumerate(typed.tools or ()) if tool.type == "function"]),
        tool_choice=_tool_choice(typed.tool_choice),
        parallel_tool_calls=typed.parallel_tool_calls,
        output=_output(typed.text.format if typed.text else None),
        sampling=Sampling(
            temperature=typed.temperature,
            top_p=typed.top_p,
            logprobs=True if typed.top_logprobs or _LOGPROBS in (typed.include or ()) else None,
            top_logprobs=typed.top_logprobs or None,
        ),
        reasoning=_reasoning(typed.reasoning),
        max_output=typed.max_output_tokens,
        stream=bool(typed.stream),
        stream_usage=True,
        user=typed.user,
        metadata=typed.metadata or None,
        extensions=_extensions(typed, fields, conversation.refused),
        raw=WireBody(WIRE, fields, form=wire.Told, continues=continuation),
    )


def _extensions(typed: wire.Body, fields: Mapping[str, Raw], refused: dict[str, Raw]) -> Extensions:
    """What has no place in the core: refused by name where it would have to be said on another wire."""
    own = dict(refused)
    chats: dict[str, Raw] = {}
    if not fields.keys() <= wire.READ:
        for name, value in fields.items():
            if name not in wire.READ and bytes(value) not in (b"null", b"[]", b"{}"):
                (chats if name in _CHATS else own)[name] = value
    if typed.text is not None and typed.text.verbosity is not None:
        chats["verbosity"] = Raw(msgspec.json.encode(typed.text.verbosity))
    own.update((f"tools[{number}].type", _text(tool.type)) for number, tool in _other_tools(typed.tools or ()))
    if isinstance(typed.tool_choice, wire.Choice) and typed.tool_choice.type != "function":
        own["tool_choice.type"] = _text(typed.tool_choice.type)
    if typed.truncation == "auto":
        own["truncation"] = fields["truncation"]
    if typed.background:
        own["background"] = fields["background"]
    return {name: said for name, said in ((NAMESPACE, own), (CHAT_NAMESPACE, chats)) if said} or None


def _other_tools(tools: Sequence[wire.FunctionTool]) -> list[tuple[int, wire.FunctionTool]]:
    return [(number, tool) for number, tool in enumerate(tools) if tool.type != "function"]


def _text(value: str) -> Raw:
    return Raw(msgspec.json.encode(value))


def _tool(tool: wire.FunctionTool, number: int) -> Tool:
    if not tool.name:
        raise InvalidRequest(f"Missing 'tools[{number}].name'.", param=f"tools[{number}].name")
    return Tool(tool.name, tool.description, raw_or_none(tool.parameters), tool.strict)


def _tool_choice(choice: object) -> ToolChoice | None:
    match choice:
        case "auto" | "none" | "required":
            return ToolChoice(choice)
        case wire.Choice(type="function", name=name):
            return ToolChoice("tool", name)
    return None


def _output(form: wire.Format | None) -> Output:
    if form is None or form.type == "text":
        return Output()
    if form.type == "json_object":
        return Output("json")
    return Output("json_schema", raw_or_none(form.schema), form.name, form.strict, form.description)


def _reasoning(reasoning: wire.Reasoning | None) -> Reasoning | None:
    """A wish for summaries alone says nothing of how much to think."""
    if reasoning is None or reasoning.effort is None:
        return None
    return Reasoning(enabled=reasoning.effort != "none", effort=reasoning.effort)
