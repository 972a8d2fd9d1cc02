"""Finds the images and files of a conversation, and puts other parts in their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from turnout.core import (
    ChatRequest,
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

PartT = TypeVar("PartT", Image, File)

Place = tuple[int, int, int]
"""The indexes of a message, of its part, and of the part inside a tool's result (-1 outside of one)."""


_PLAIN = frozenset({Text, Thinking, RedactedThinking, ToolCall, Refusal})
"""Parts that neither are nor hold an image or a file."""


def may_have_images(request: ChatRequest) -> bool:
    """Whether somebody has to look. A relayed request without images stays unread."""
    return _is_more_than_plain(request.messages) if request.unread is None else request.unread.may_hold_images


def may_have_files(request: ChatRequest) -> bool:
    """The same for files: nothing tells them in a conversation that is unread."""
    return request.unread is not None or _is_more_than_plain(request.messages)


def _is_more_than_plain(messages: Sequence[Message]) -> bool:
    """Must be fast: nearly every request is plain, and is looked at before every attempt."""
    for message in messages:
        for part in message.parts:
            if type(part) not in _PLAIN:
                return True
    return False


def parts_of(kind: type[PartT], messages: Sequence[Message]) -> list[tuple[Place, PartT]]:
    """The parts of one type."""
    found: list[tuple[Place, Any]] = []
    for number, message in enumerate(messages):
        for index, part in enumerate(message.parts):
            part_type = type(part)
            if part_type is kind:
                found.append(((number, index, -1), part))
            elif part_type is ToolResult:
                inner = cast(ToolResult, part).parts
                found += [((number, index, at), piece) for at, piece in enumerate(inner) if type(piece) is kind]
    return found


def path_of(place: Place) -> str:
    """The place in words that a client understands: ``messages[0].content[1]``."""
    number, index, inner = place
    path = f"messages[{number}].content[{index}]"
    return path if inner < 0 else f"{path}.content[{inner}]"


def with_parts(messages: Sequence[Message], new_parts: Mapping[Place, Part]) -> tuple[Message, ...]:
    """The messages with ``new_parts`` in their places."""
    changed = {place[0] for place in new_parts}
    return tuple(
        _message(message, number, new_parts) if number in changed else message
        for number, message in enumerate(messages)
    )


def _message(message: Message, number: int, new_parts: Mapping[Place, Part]) -> Message:
    parts = tuple(_part(part, number, index, new_parts) for index, part in enumerate(message.parts))
    return msgspec.structs.replace(message, parts=parts)


def _part(part: Part, number: int, index: int, new_parts: Mapping[Place, Part]) -> Part:
    if isinstance(part, ToolResult):
        inner = [new_parts.get((number, index, at), piece) for at, piece in enumerate(part.parts)]
        return msgspec.structs.replace(part, parts=tuple(inner))
    return new_parts.get((number, index, -1), part)
