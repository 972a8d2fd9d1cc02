"""Messages → Gemini's ``systemInstruction`` and ``contents``."""

from __future__ import annotations

from typing import assert_never

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

from . import wire
from .decode import NAMESPACE, SIGNATURE
from .media import media_of

NO_SIGNATURE = Raw(b'"skip_thought_signature_validator"')
"""What Google has a client send for a tool call whose signature is not known, such as another model's.

From Gemini 3 on, a call without any is refused (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""


def is_gemini_3_or_later(model: str) -> bool:
    name = model.rpartition("/")[2]
    return name.startswith("gemini-") and not name.startswith(("gemini-1", "gemini-2"))


def contents_of(request: ChatRequest, deployment: Deployment) -> tuple[wire.Content | None, list[wire.Content]]:
    """The system instruction, if there is one, and the turns. Results of parallel calls have to share one turn."""
    writer = _Writer(request, signs=is_gemini_3_or_later(deployment.model))
    system: list[wire.Part] = []
    turns: list[wire.Content] = []
    last: list[wire.Part] = []  # the parts of the last turn
    previous = None
    for number, message in enumerate(request.messages):
        parts = writer.parts(message, f"messages[{number}]")
        if message.role == "system":
            system += parts
        elif message.role == "tool" == previous:
            last += parts
        elif parts:
            last = parts
            turns.append(wire.Content("model" if message.role == "assistant" else "user", parts))
            previous = message.role
    return (wire.Content(parts=system) if system else None), turns


class _Writer:
    def __init__(self, request: ChatRequest, signs: bool) -> None:
        self._names = tool_names(request)
        self._signs = signs

    def parts(self, message: Message, where: str) -> list[wire.Part]:
        """One message's parts; none for what says nothing: an empty text, another provider's thoughts."""
        parts = [wired for part in message.parts if (wired := self._part(part, where))]
        if message.role == "system" and any(part.text is None for part in parts):
            raise Unsupported("The provider 'gemini' only takes text as a system message.", param=where)
        calls = [part for part in parts if part.function_call]
        if calls and self._signs and not any(call.thought_signature for call in calls):
            calls[0].thought_signature = NO_SIGNATURE
        return parts

    def _part(self, part: Part, where: str) -> wire.Part | None:
        signature = _signature(part.extensions)
        match part:
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
        text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
        media = [media_of(part, where) for part in result.parts if not isinstance(part, Text)]
        key = "error" if result.is_error else "output"
        return wire.FunctionResponse(name_of(result, self._names, where), {key: text}, result.call_id, media or None)


def _signature(extensions: Extensions) -> Raw:
    return extensions.get(NAMESPACE, {}).get(SIGNATURE, wire.NOTHING) if extensions else wire.NOTHING
