"""Turns messages into Gemini's ``systemInstruction`` and ``contents``."""

from __future__ import annotations

from typing import assert_never

import msgspec
from msgspec import Raw

from turnout.core import (
    Audio,
    ChatRequest,
    Deployment,
    Extensions,
    File,
    Image,
    Message,
    Part,
    RedactedThinking,
    Refusal,
    Search,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from turnout.errors import Unsupported
from turnout.providers.tool_calls import arguments_of, name_of, tool_names

from . import gemini_wire as wire
from .decode import NAMESPACE, SIGNATURE
from .extensions import with_fields
from .media import media_of
from .thinking import thinks_by_level

_REFERENCE = '"$ref"'
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
NO_SIGNATURE = Raw(b'"skip_thought_signature_validator"')
"""Google's stand-in for the signature of a tool call whose signature is unknown, such as another model's.

Gemini 3 and later refuse a call without a signature (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""


def contents_of(request: ChatRequest, deployment: Deployment) -> tuple[wire.Turn | None, list[wire.Turn]]:
    """The system instruction, if there is one, and the turns. Results of parallel calls have to share one turn."""
    writer = _Writer(request, deployment)
    system: list[wire.Part | Raw] = []
    turns: list[wire.Turn] = []
    last: list[wire.Part | Raw] = []  # the parts of the last turn
    previous = None
    for number, message in enumerate(request.messages):
        parts = writer.parts(message, f"messages[{number}]")
        if message.role == "tool" and not writer.sees_media_in_results:
            parts += writer.media_of_results(message, f"messages[{number}]")
        if message.role == "system":
            system += parts
        elif message.role == "tool" == previous:
            last += parts
        elif parts:
            last = parts
            turns.append(wire.Turn(parts, "model" if message.role == "assistant" else "user"))
            previous = message.role
    return (wire.Turn(system) if system else None), turns


class _Writer:
    """Writes the parts of messages.

    Gemini 3 and later refuse tool calls without a signature, and see media in the results of tools. Earlier models
    refuse such results, so media stand behind them
    (https://ai.google.dev/gemini-api/docs/function-calling#multimodal).
    """

    def __init__(self, request: ChatRequest, deployment: Deployment) -> None:
        self._names = tool_names(request)
        self._needs_signatures = self.sees_media_in_results = thinks_by_level(deployment.model)

    def parts(self, message: Message, where: str) -> list[wire.Part | Raw]:
        """One message's parts on the wire, without empty texts and other providers' thoughts."""
        written = [(part, wire_part) for part in message.parts if (wire_part := self._part(part, where))]
        if message.role == "system" and any(isinstance(each, Raw) or each.text is None for _, each in written):
            raise Unsupported("The provider 'gemini' only takes text as a system message.", param=where)
        calls = [wire_part for _, wire_part in written if isinstance(wire_part, wire.Part) and wire_part.function_call]
        if calls and self._needs_signatures and not any(call.thought_signature for call in calls):
            calls[0].thought_signature = NO_SIGNATURE
        return [_with_own_fields(wire_part, part) for part, wire_part in written]

    def _part(self, part: Part, where: str) -> wire.Part | Raw | None:
        own_fields = _own_fields(part.extensions)
        signature = own_fields.get(SIGNATURE, wire.NOTHING)
        match part:
            case Text() if "block" in own_fields:
                return own_fields["block"]
            case Text(text=text) | Refusal(text=text):
                return wire.Part(text=text, thought_signature=signature) if text or signature else None
            case Thinking(text=text, extensions=extensions):
                is_geminis = extensions and NAMESPACE in extensions
                return wire.Part(text=text, thought=True, thought_signature=signature) if is_geminis else None
            case RedactedThinking() | Search():
                return None
            case ToolCall():
                call = wire.FunctionCall(part.id, part.name, arguments_of(part, where))
                return wire.Part(function_call=call, thought_signature=signature)
            case ToolResult():
                return wire.Part(function_response=self._response(part, where))
            case Audio(data=data, format=audio_format):
                return wire.Part(inline_data=wire.Blob(f"audio/{audio_format}", data))
            case Image() | File():
                media = media_of(part, where)
                return wire.Part(inline_data=media.inline_data, file_data=media.file_data)
            case _:
                assert_never(part)

    def _response(self, result: ToolResult, where: str) -> wire.FunctionResponse:
        own_fields = _own_fields(result.extensions)
        text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
        media = _media_in(result, where) if self.sees_media_in_results else None
        return wire.FunctionResponse(
            name=name_of(result, self._names, where),
            response=_response_object(text, result.is_error),
            id=result.call_id,
            parts=media or None,
            scheduling=own_fields.get("scheduling", wire.NOTHING),
            will_continue=own_fields.get("willContinue", wire.NOTHING),
        )

    def media_of_results(self, message: Message, where: str) -> list[wire.Part | Raw]:
        """Media of a message's results, as parts of their own."""
        media = [each for part in message.parts if isinstance(part, ToolResult) for each in _media_in(part, where)]
        return [wire.Part(inline_data=each.inline_data, file_data=each.file_data) for each in media]


def _media_in(result: ToolResult, where: str) -> list[wire.MediaPart]:
    return [media_of(part, where) for part in result.parts if not isinstance(part, Text)]


def _response_object(text: str, is_error: bool) -> Raw:
    """A response has to be an object. A text that is one is sent unchanged; others get the key ``output``.

    So does an object with ``$ref`` in it, which Google would take for one of the result's media
    (https://ai.google.dev/api/caching#FunctionResponse).
    """
    if text.startswith("{") and _REFERENCE not in text:
        try:
            fields = _OBJECT.decode(text)
        except (msgspec.DecodeError, RecursionError):
            fields = {}
        if fields and (not is_error or fields.keys() == {"error"}):
            return Raw(text.encode())
    return Raw(msgspec.json.encode({"error" if is_error else "output": text}))


def _own_fields(extensions: Extensions) -> dict[str, Raw]:
    """The fields that only Gemini has."""
    return extensions.get(NAMESPACE, {}) if extensions else {}


def _with_own_fields(wire_part: wire.Part | Raw, part: Part) -> wire.Part | Raw:
    """Adds the fields that Gemini has beside a part's content: ``videoMetadata``, …"""
    if isinstance(wire_part, Raw) or isinstance(part, ToolResult):
        return wire_part
    own_fields = {name: value for name, value in _own_fields(part.extensions).items() if name != SIGNATURE}
    return Raw(with_fields(msgspec.json.encode(wire_part), own_fields)) if own_fields else wire_part
