"""Messages → Gemini's ``systemInstruction`` and ``contents``."""

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

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
NO_SIGNATURE = Raw(b'"skip_thought_signature_validator"')
"""What Google has a client send for a tool call whose signature is not known, such as another model's.

From Gemini 3 on, a call without any is refused (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""


def contents_of(request: ChatRequest, deployment: Deployment) -> tuple[wire.Turn | None, list[wire.Turn]]:
    """The system instruction, if there is one, and the turns. Results of parallel calls have to share one turn."""
    writer = _Writer(request, signs=thinks_by_level(deployment.model))
    system: list[wire.Part | Raw] = []
    turns: list[wire.Turn] = []
    last: list[wire.Part | Raw] = []  # the parts of the last turn
    previous = None
    for number, message in enumerate(request.messages):
        parts = writer.parts(message, f"messages[{number}]")
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
    def __init__(self, request: ChatRequest, signs: bool) -> None:
        self._names = tool_names(request)
        self._signs = signs

    def parts(self, message: Message, where: str) -> list[wire.Part | Raw]:
        """One message's parts; none for what says nothing: an empty text, another provider's thoughts."""
        written = [(part, wired) for part in message.parts if (wired := self._part(part, where))]
        if message.role == "system" and any(isinstance(wired, Raw) or wired.text is None for _, wired in written):
            raise Unsupported("The provider 'gemini' only takes text as a system message.", param=where)
        calls = [wired for _, wired in written if isinstance(wired, wire.Part) and wired.function_call]
        if calls and self._signs and not any(call.thought_signature for call in calls):
            calls[0].thought_signature = NO_SIGNATURE
        return [_with_own_fields(wired, part) for part, wired in written]

    def _part(self, part: Part, where: str) -> wire.Part | Raw | None:
        own = _own(part.extensions)
        signature = own.get(SIGNATURE, wire.NOTHING)
        match part:
            case Text() if "block" in own:
                return own["block"]
            case Text(text=text) | Refusal(text=text):
                return wire.Part(text=text, thought_signature=signature) if text or signature else None
            case Thinking(text=text, extensions=extensions):
                known = extensions and NAMESPACE in extensions
                return wire.Part(text=text, thought=True, thought_signature=signature) if known else None
            case RedactedThinking():
                return None
            case ToolCall():
                call = wire.FunctionCall(part.id, part.name, arguments_of(part, where))
                return wire.Part(function_call=call, thought_signature=signature)
            case ToolResult():
                return wire.Part(function_response=self._response(part, where))
            case Audio(data=data, format=form):
                return wire.Part(inline_data=wire.Blob(f"audio/{form}", data))
            case Image() | File():
                media = media_of(part, where)
                return wire.Part(inline_data=media.inline_data, file_data=media.file_data)
            case _:
                assert_never(part)

    def _response(self, result: ToolResult, where: str) -> wire.FunctionResponse:
        """Media in a result are only understood by Gemini 3 and later; earlier ones say so themselves."""
        own = _own(result.extensions)
        text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
        media = [media_of(part, where) for part in result.parts if not isinstance(part, Text)]
        return wire.FunctionResponse(
            name=name_of(result, self._names, where),
            response=_said(text, result.is_error),
            id=result.call_id,
            parts=media or None,
            scheduling=own.get("scheduling", wire.NOTHING),
            will_continue=own.get("willContinue", wire.NOTHING),
        )


def _said(text: str, is_error: bool) -> Raw:
    """A response has to be an object, and a text that is one can be sent as it is."""
    if text.startswith("{"):
        try:
            fields = _OBJECT.decode(text)
        except (msgspec.DecodeError, RecursionError):
            fields = {}
        if fields and (not is_error or fields.keys() == {"error"}):
            return Raw(text.encode())
    return Raw(msgspec.json.encode({"error" if is_error else "output": text}))


def _own(extensions: Extensions) -> dict[str, Raw]:
    return extensions.get(NAMESPACE, {}) if extensions else {}


def _with_own_fields(wired: wire.Part | Raw, part: Part) -> wire.Part | Raw:
    """With what Gemini has beside a part's content: ``videoMetadata``, …"""
    if isinstance(wired, Raw) or isinstance(part, ToolResult):
        return wired
    own = {name: value for name, value in _own(part.extensions).items() if name != SIGNATURE}
    return Raw(with_fields(msgspec.json.encode(wired), own)) if own else wired
