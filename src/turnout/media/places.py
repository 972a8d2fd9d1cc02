"""Where a conversation's images are, and the same conversation with others in their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from turnout.core import ChatRequest, Image, Message, Part, ToolResult

Place = tuple[int, int, int]
"""A message's index, a part's, and the index inside a tool's result, -1 outside of one."""


def images_in(request: ChatRequest) -> list[tuple[Place, Image]]:
    """Asked of every chat request before every attempt, nearly always for nothing."""
    found: list[tuple[Place, Image]] = []
    for number, message in enumerate(request.messages):
        for index, part in enumerate(message.parts):
            kind = type(part)
            if kind is Image:
                found.append(((number, index, -1), part))  # type: ignore[arg-type]  # `kind is` beats isinstance here
            elif kind is ToolResult:
                found += _inside(part, number, index)  # type: ignore[arg-type]
    return found


def _inside(result: ToolResult, number: int, index: int) -> Iterator[tuple[Place, Image]]:
    for inner, part in enumerate(result.parts):
        if isinstance(part, Image):
            yield (number, index, inner), part


def path_of(place: Place) -> str:
    """For people: ``messages[0].content[1]``."""
    number, index, inner = place
    path = f"messages[{number}].content[{index}]"
    return path if inner < 0 else f"{path}.content[{inner}]"


def with_images(request: ChatRequest, others: Mapping[Place, Image]) -> ChatRequest:
    """The request with the images of ``others`` in their places."""
    touched = {place[0] for place in others}
    messages = tuple(
        _message(message, number, others) if number in touched else message
        for number, message in enumerate(request.messages)
    )
    return msgspec.structs.replace(request, messages=messages)


def _message(message: Message, number: int, others: Mapping[Place, Image]) -> Message:
    parts = tuple(_part(part, number, index, others) for index, part in enumerate(message.parts))
    return msgspec.structs.replace(message, parts=parts)


def _part(part: Part, number: int, index: int, others: Mapping[Place, Image]) -> Part:
    if isinstance(part, ToolResult):
        inner = tuple(others.get((number, index, at), piece) for at, piece in enumerate(part.parts))
        return msgspec.structs.replace(part, parts=inner)
    return others.get((number, index, -1), part)
