"""How much a request may hold: bounds on what a body of few bytes can make dear.

A decoder can't be stopped, and no other thread runs while it works: so the values in a body are counted before they are
decoded. What has come of it is counted by kind (``core.Request``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from turnout.config import LimitSettings
from turnout.core import ChatRequest, CountRequest, EmbeddingRequest, Message, Request, ToolResult
from turnout.dialects import Endpoint
from turnout.errors import BodyTooLarge, InvalidRequest, UnknownModel

_MOST_WRITTEN = 16 * 1024 * 1024
_SLICE = 64 * 1024  # bytes that are looked at in one go
_NO_MARKS = bytes(set(range(256)) - set(b",:[{"))
_LONGEST_NAME = 256  # characters of a model's name, as in the configuration
_SHORTEST_PART = 2  # bytes
_LISTS = ("messages", "contents", "input", "prompt")


def takes_form(endpoint: Endpoint[Any, Any]) -> bool:
    return getattr(endpoint, "request_type", "") == "multipart/form-data"


def may_hold(body: bytes, values: int) -> bool:
    """Whether it is long enough for more than ``values``: each takes a byte, and what parts it from the next one."""
    return len(body) > 2 * values


def check_body(body: bytes, most_values: int) -> None:
    """Raises ``BodyTooLarge`` for JSON that would take long to decode. To be asked where it ``may_hold`` as much."""
    _check_values(body, most_values)
    if len(body) > _MOST_WRITTEN:
        _check_texts(body)


def _check_texts(body: bytes) -> None:
    """What isn't plain ASCII, as base64 is, is dear to decode; no model reads as much of it."""
    written = sum(2 * piece.count(b"\\") if piece.isascii() else len(piece) for piece in _slices(body))
    if written > _MOST_WRITTEN:
        raise BodyTooLarge(
            f"The body holds more than {_MOST_WRITTEN} bytes of escapes and of characters beyond ASCII, the limit here."
            " Send less in one request."
        )


def _check_values(body: bytes, most: int) -> None:
    """Marks outside of texts are exact, and dear to find; nearly always all marks together are few enough."""
    if _marks(_slices(body)) < most:
        return
    found = 0
    for outside in _outside_texts(body):
        found += _marks((outside,))
        if found >= most:
            raise BodyTooLarge(
                f"The body holds more than {most} JSON values and keys, the limit here. Send less in one request, or"
                " raise limits.values."
            )


def _slices(body: bytes) -> Iterator[bytes]:
    return (body[at : at + _SLICE] for at in range(0, len(body), _SLICE))


def _marks(pieces: Iterable[bytes]) -> int:
    """Every value and key but the first is behind one of these."""
    return sum(len(piece.translate(None, _NO_MARKS)) for piece in pieces)


def _outside_texts(body: bytes) -> Iterator[bytes]:
    """``body`` without the insides of its texts, as far as it is JSON."""
    inside, held = False, b""
    for piece in _slices(body):
        piece = held + piece
        held = b"\\" * ((len(piece) - len(piece.rstrip(b"\\"))) % 2)  # escapes what comes with the next slice
        piece = piece[: len(piece) - len(held)].replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= len(parts) % 2 == 0


def check_counts(request: Request, size: int, limits: LimitSettings) -> None:
    """Raises ``InvalidRequest`` for more of a kind than ``limits`` say. ``size`` is that of the body, in bytes."""
    if len(request.model) > _LONGEST_NAME:
        raise UnknownModel(request.model[:_LONGEST_NAME])
    if isinstance(request, ChatRequest):
        _check_chat(request, size, limits)
    elif isinstance(request, CountRequest):
        _check_chat(request.chat, size, limits)
    elif isinstance(request, EmbeddingRequest) and len(request.inputs) > limits.inputs:
        raise _too_many("input", len(request.inputs), "inputs", limits.inputs)


def _check_chat(chat: ChatRequest, size: int, limits: LimitSettings) -> None:
    if len(chat.messages) > limits.messages:
        raise _too_many(_said_in(chat), len(chat.messages), "messages", limits.messages)
    if len(chat.tools) > limits.tools:
        raise _too_many("tools", len(chat.tools), "tools", limits.tools)
    if len(chat.stop) > limits.stop:
        raise _too_many("stop", len(chat.stop), "stop", limits.stop)
    if size > _SHORTEST_PART * limits.parts:
        parts = sum(map(_parts_of, chat.messages))
        if parts > limits.parts:
            raise _too_many(_said_in(chat), parts, "parts", limits.parts)


def _parts_of(message: Message) -> int:
    return sum([1 + len(part.parts) if isinstance(part, ToolResult) else 1 for part in message.parts])


def _said_in(chat: ChatRequest) -> str:
    """The field that its messages were read from."""
    fields = chat.raw.fields if chat.raw is not None else {}
    return next((name for name in _LISTS if name in fields), "messages")


def _too_many(field: str, found: int, kind: str, most: int) -> InvalidRequest:
    what = "stop sequences" if kind == "stop" else kind
    return InvalidRequest(
        f"Invalid '{field}': it holds {found} {what}, and {most} are the limit here. Send fewer, or raise"
        f" limits.{kind}.",
        param=field,
    )
