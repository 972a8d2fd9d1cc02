"""Results of tools, on wires where a result is only a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from turnout.core import ChatRequest, File, Image, Message, Part, Text, ToolResult

from .fitting import Fitting

_ERROR = "Error: "


def results_as_taken(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Says in words that a tool failed, and shows the pictures and files of results in a user's message after them."""
    support = fitting.support
    if support.result_media and support.result_errors:
        return request
    if not any(message.role == "tool" for message in request.messages):
        return request
    return structs.replace(request, messages=tuple(_messages(request.messages, fitting)))


def _messages(messages: Sequence[Message], fitting: Fitting) -> Iterator[Message]:
    """The media come after the last result of a turn, as nothing may stand between results."""
    shown: list[Part] = []
    for number, message in enumerate(messages):
        if message.role != "tool" and shown:
            yield Message("user", tuple(shown))
            shown = []
        if message.role == "tool":
            message = _with_plain_results(message, f"messages[{number}]", shown, fitting)
        yield message
    if shown:
        yield Message("user", tuple(shown))


def _with_plain_results(message: Message, where: str, shown: list[Part], fitting: Fitting) -> Message:
    parts: list[Part] = []
    for number, part in enumerate(message.parts):
        if isinstance(part, ToolResult):
            path = f"{where}.content[{number}]"
            if part.is_error and not fitting.support.result_errors:
                fitting.said_otherwise(f"{path}.is_error", "in words")
                part = _in_words(part)
            if not fitting.support.result_media and any(isinstance(piece, Image | File) for piece in part.parts):
                fitting.said_otherwise(f"{path}.content", "in a user's message after the results")
                part = _without_media(part, shown)
        parts.append(part)
    return structs.replace(message, parts=tuple(parts))


def _in_words(result: ToolResult) -> ToolResult:
    """The text that tells the model that the tool failed, unless it tells so itself."""
    first = next((part.text for part in result.parts if isinstance(part, Text)), "")
    if first[: len(_ERROR)].lower().startswith("error"):
        return structs.replace(result, is_error=False)
    text = Text(f"{_ERROR}{first}" if first else "Error.")
    return structs.replace(result, is_error=False, parts=(text, *_rest(result)))


def _rest(result: ToolResult) -> Iterator[Text | Image | File]:
    """The parts after the first text."""
    seen = False
    for part in result.parts:
        if isinstance(part, Text) and not seen:
            seen = True
        else:
            yield part


def _without_media(result: ToolResult, shown: list[Part]) -> ToolResult:
    """Adds the media to ``shown``, with the id of the call that they belong to."""
    texts = [part for part in result.parts if isinstance(part, Text)]
    media = [part for part in result.parts if not isinstance(part, Text)]
    shown += [Text(f"The result of the tool call {result.call_id} shows this:"), *media]
    return structs.replace(result, parts=tuple(texts) or (Text("The result is in the user's next message."),))
