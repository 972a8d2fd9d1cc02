"""A request body → ``ChatRequest``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

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
from turnout.dialects.lazy import Fields, Form, parse_lazily
from turnout.dialects.parsing import check_encoding, decode, raw_or_none
from turnout.errors import InvalidRequest

from . import responses_bodies as wire
from .items import Conversation, raw_items
from .tool_set import ToolSet

WIRE = "openai-responses"
NAMESPACE = WIRE  # of fields that only this wire has
CHAT_NAMESPACE = "openai"  # of fields that OpenAI's chat has under the same name
_CHAT_FIELDS = frozenset(
    {"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier", "service_tier"}
)
_LOGPROBS = "message.output_text.logprobs"
_BODY = msgspec.json.Decoder(wire.Body)
_FORM = Form(
    conversation=frozenset({"instructions", "input", "tools", "tool_choice"}),
    stand_in={"input": Raw(b'"x"')},
    image_marks=(b'"image_url"', b'"image_generation_call"'),
)


def parse(body: bytes) -> ChatRequest:
    """Raises ``InvalidRequest`` for a body without a model. ``whole`` raises it for other wrong fields."""
    check_encoding(body)
    return parse_lazily(body, _FORM, partial(_read, None))


def continued(fields: Mapping[str, Raw], continuation: Continuation | None) -> ChatRequest:
    """The request of ``fields`` after its earlier conversation."""
    earlier = 0 if continuation is None else sum(map(len, continuation.items))
    read, read_later = partial(_read, None), partial(_read, continuation)
    request = parse_lazily(msgspec.json.encode(fields), _FORM, read, read_later, earlier)
    raw = request.raw and msgspec.structs.replace(request.raw, continues=continuation)
    return msgspec.structs.replace(request, raw=raw)


def _read(continuation: Continuation | None, body: bytes, fields: Fields) -> ChatRequest:
    """Raises ``InvalidRequest`` with the path of the wrong field, such as ``input[0].content``."""
    typed = decode(_BODY, body)
    tools = ToolSet()
    tools.add(typed.tools or (), "tools")
    conversation = Conversation(tools)
    if typed.instructions:
        conversation.system(typed.instructions)
    if continuation is not None:
        conversation.read(continuation.items, "previous")
    conversation.read(raw_items(typed.input))
    messages = conversation.end()
    if not messages and not conversation.untranslatable and not fields.keys() & {"previous_response_id", "prompt"}:
        raise InvalidRequest("Missing 'input': say something.", param="input")
    callable_tools, choice, unknown_choice = _choice(typed.tool_choice, tools)
    return ChatRequest(
        typed.model,
        messages,
        callable_tools,
        hosted=tools.searches(typed.tool_choice),
        tool_choice=choice,
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
        extensions=_extensions(typed, fields, conversation.untranslatable | tools.unknown | unknown_choice),
        raw=WireBody(WIRE, fields, form=wire.DetailedBody, continues=continuation),
    )


def _extensions(typed: wire.Body, fields: Mapping[str, Raw], untranslatable: Mapping[str, str]) -> Extensions:
    """The fields that the core doesn't have."""
    responses_fields = {path: _text(value) for path, value in untranslatable.items()}
    chat_fields: dict[str, Raw] = {}
    if not fields.keys() <= wire.READ:
        for name, value in fields.items():
            if name not in wire.READ and bytes(value) not in (b"null", b"[]", b"{}"):
                (chat_fields if name in _CHAT_FIELDS else responses_fields)[name] = value
    if typed.text is not None and typed.text.verbosity is not None:
        chat_fields["verbosity"] = Raw(msgspec.json.encode(typed.text.verbosity))
    if typed.truncation == "auto":
        responses_fields["truncation"] = fields["truncation"]
    if typed.background:
        responses_fields["background"] = fields["background"]
    return {name: kept for name, kept in ((NAMESPACE, responses_fields), (CHAT_NAMESPACE, chat_fields)) if kept} or None


def _text(value: str) -> Raw:
    return Raw(msgspec.json.encode(value))


def _choice(choice: object, tools: ToolSet) -> tuple[tuple[Tool, ...], ToolChoice | None, dict[str, str]]:
    """The tools that may be called, the choice among them, and what no other wire has."""
    match choice:
        case "auto" | "none" | "required":
            return tools.all(), ToolChoice(choice), {}
        case wire.Choice():
            chosen = tools.chosen(choice)
            return (tools.all(), None, {"tool_choice.type": choice.type}) if chosen is None else (*chosen, {})
    return tools.all(), None, {}


def _output(output_format: wire.Format | None) -> Output:
    if output_format is None or output_format.type == "text":
        return Output()
    if output_format.type == "json_object":
        return Output("json")
    return Output(
        "json_schema",
        raw_or_none(output_format.schema),
        output_format.name,
        output_format.strict,
        output_format.description,
    )


def _reasoning(reasoning: wire.Reasoning | None) -> Reasoning | None:
    """None for a request that only sets the summaries: it doesn't set how much to think."""
    if reasoning is None or reasoning.effort is None:
        return None
    return Reasoning(enabled=reasoning.effort != "none", effort=reasoning.effort)
