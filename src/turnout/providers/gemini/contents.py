"""Messages → Gemini's ``systemInstruction`` and ``contents``."""

from __future__ import annotations

import mimetypes
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
from turnout.errors import InvalidRequest, Unsupported
from turnout.providers.tool_calls import arguments_of, name_of, tool_names

from . import wire
from .decode import NAMESPACE, SIGNATURE

NO_SIGNATURE = Raw(b'"skip_thought_signature_validator"')
"""What Google has a client send for a tool call whose signature is not known, such as another model's.

From Gemini 3 on, a call without any is refused (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""


def is_before_gemini_3(model: str) -> bool:
    return model.rpartition("/")[2].startswith(("gemini-1", "gemini-2"))


def contents_of(request: ChatRequest, deployment: Deployment) -> tuple[wire.Content | None, list[wire.Content]]:
    """The system instruction, if there is one, and the turns. Results of parallel calls have to share one turn."""
    writer = _Writer(request, signs=not is_before_gemini_3(deployment.model))
    system: list[wire.Part] = []
    turns: list[wire.Content] = []
    previous = None
    for number, message in enumerate(request.messages):
        parts = writer.parts(message, f"messages[{number}]")
        if message.role == "system":
            system += parts
            continue
        if message.role == "tool" and previous == "tool" and turns:
            turns[-1].parts = (turns[-1].parts or []) + parts
        elif parts:
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
                media = _media(part, where)
                return wire.Part(inline_data=media.inline_data, file_data=media.file_data)
            case _:
                assert_never(part)

    def _response(self, result: ToolResult, where: str) -> wire.FunctionResponse:
        """Media in a result are only understood by Gemini 3 and later; earlier ones say so themselves."""
        text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
        media = [_media(part, where) for part in result.parts if not isinstance(part, Text)]
        key = "error" if result.is_error else "output"
        return wire.FunctionResponse(name_of(result, self._names, where), {key: text}, result.call_id, media or None)


def _signature(extensions: Extensions) -> Raw:
    return extensions.get(NAMESPACE, {}).get(SIGNATURE, wire.NOTHING) if extensions else wire.NOTHING


def _media(part: Image | File, where: str) -> wire.MediaPart:
    """Inline data, or the address of something that Google fetches or has.

    https://ai.google.dev/gemini-api/docs/file-input-methods: public HTTPS addresses, registered objects in Cloud
    Storage, and uploads at Google itself.
    """
    if part.data is not None:
        return wire.MediaPart(inline_data=wire.Blob(_media_type(part, where), part.data))
    if isinstance(part, File) and part.file_id is not None:
        return wire.MediaPart(file_data=wire.FileData(part.media_type, part.file_id))
    if part.url is None:
        raise InvalidRequest(f"The image or file in {where} has neither data nor an address.", param=where)
    if not part.url.startswith(("https://", "gs://")):
        raise Unsupported(
            "The provider 'gemini' only fetches from https:// addresses; send the data as base64.", param=where
        )
    return wire.MediaPart(file_data=wire.FileData(_media_type(part, where), part.url))


def _media_type(part: Image | File, where: str) -> str:
    """As stated, else by the ending of the name or address, as Google's own client does."""
    name = (part.name if isinstance(part, File) else None) or part.url or ""
    found = part.media_type or mimetypes.guess_type(name.partition("?")[0])[0]
    if not found:
        raise Unsupported(
            f"The provider 'gemini' has to be told the media type of the image or file in {where}: "
            "state it, use an address that ends in it (.png, .jpg, .pdf), or send the data as base64 with its type.",
            param=where,
        )
    return found
