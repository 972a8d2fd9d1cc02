"""Results of tools, on wires where a result is only a text."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from turnout.core import File, Image, Message, Part, Text, ToolResult

from .fitting import Fitting

_ERROR = "Error: "


def with_plain_results(fitting: Fitting, number: int, message: Message, shown: list[Part]) -> Message:
    """Says in words that a tool failed, and adds the pictures and files of results to ``shown``. The number is the
    message's.
    """
    parts: list[Part] = []
    for place, part in enumerate(message.parts):
        if isinstance(part, ToolResult):
            path = f"messages[{number}].content[{place}]"
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
