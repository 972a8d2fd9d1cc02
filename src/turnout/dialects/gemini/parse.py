"""A request body → ``ChatRequest``."""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Message, WireBody
from turnout.dialects import Target
from turnout.dialects.lazy import Form, parse_lazily
from turnout.dialects.parsing import check_encoding, decode

from . import gemini_bodies as wire
from .config import output_of, read_config, reasoning_of, sampling_of
from .contents import messages_of, parts_of
from .fields import Fields, camel, invalid
from .signature import MARK, NAMESPACE
from .tools import read_choice, read_tools

WIRE = "gemini"
_FOREIGN = "gemini, with other providers' signatures"
"""No provider has this wire, so such a body is never relayed: only Turnout can read those signatures."""
_MARK = MARK.encode()
_CONTENTS: msgspec.json.Decoder[list[wire.Content] | wire.Content] = msgspec.json.Decoder(
    list[wire.Content] | wire.Content
)
_SYSTEM: msgspec.json.Decoder[wire.Content | str] = msgspec.json.Decoder(wire.Content | str)
_READ = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "model"})
_CONVERSATION = ("contents", "systemInstruction", "tools", "toolConfig")
FORM = Form(
    conversation=frozenset({*_CONVERSATION, "system_instruction", "tool_config"}),
    stand_in={"contents": Raw(b'[{"parts":[{"text":""}]}]')},
    image_marks=(b'"inlineData"', b'"inline_data"', b'"fileData"', b'"file_data"'),
    needed=frozenset(),
)
_RESOURCE = re.compile(r"(?:(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/)?models/")
"""The prefixes that a model's name may have. Vertex AI has the longer ones."""


class Body(WireBody, frozen=True):
    """``as_array``: the client requests a stream as a JSON array, not as server-sent events."""

    as_array: bool = False


def model_of(target: Target) -> str:
    """``models/gemini-2.5-pro`` → ``gemini-2.5-pro``; ``tunedModels/mine`` keeps its kind."""
    prefix = _RESOURCE.match(target.model)
    name = target.model[prefix.end() :] if prefix else target.model
    if not name:
        raise invalid("model", "its name is missing in the path")
    return name


def parse(body: bytes, target: Target, *, stream: bool) -> ChatRequest:
    """Raises ``InvalidRequest`` for a path without a model. ``whole`` raises it for wrong fields."""
    check_encoding(body)
    model, wire_name = model_of(target), _FOREIGN if body.rfind(_MARK) >= 0 else WIRE
    as_array = "alt=sse" not in target.query.split("&")

    def read(_: bytes, fields: Fields) -> ChatRequest:
        return chat_of(fields, model, stream=stream, raw=Body(wire_name, fields, as_array=as_array))

    return parse_lazily(body, FORM, read)


def chat_of(body_fields: Fields, model: str, *, stream: bool = False, raw: WireBody | None = None) -> ChatRequest:
    """The request of a body's fields.

    Raises ``InvalidRequest`` with the path of the wrong field, such as ``contents[0].parts[1].text``.
    """
    fields = camel(body_fields)
    extensions = {name: value for name, value in fields.items() if name not in _READ}
    if "contents" not in fields:
        raise invalid("contents", "it is required")
    contents = decode(_CONTENTS, fields["contents"], "contents")
    if not contents:
        raise invalid("contents", "it must not be empty")
    messages = messages_of(contents if isinstance(contents, list) else [contents])
    config = read_config(fields.get("generationConfig"), extensions)
    tools, searches = read_tools(fields.get("tools"), extensions)
    tools, choice = read_choice(fields.get("toolConfig"), tools, extensions)
    return ChatRequest(
        model=model,
        messages=(*_system(fields.get("systemInstruction")), *messages),
        tools=tools,
        hosted=searches,
        tool_choice=choice,
        output=output_of(config),
        sampling=sampling_of(config),
        reasoning=reasoning_of(config),
        max_output=config.max_output_tokens,
        stop=tuple(config.stop_sequences or ()),
        n=config.candidate_count or 1,
        stream=stream,
        stream_usage=stream,
        extensions={NAMESPACE: extensions} if extensions else None,
        raw=raw,
    )


def _system(instruction: Raw | None) -> tuple[Message, ...]:
    if instruction is None:
        return ()
    system = decode(_SYSTEM, instruction, "systemInstruction")
    if isinstance(system, str):
        system = wire.Content(parts={"text": instruction})
    parts = parts_of(system, "systemInstruction")
    return (Message("system", parts),) if parts else ()
