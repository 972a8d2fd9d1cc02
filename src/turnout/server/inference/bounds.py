"""Bounds on a request's body: few bytes of JSON can take long to decode.

A decoder can't be stopped, and no other thread runs while it works. So the values in a body are counted before they are
decoded. ``steps/within_limits.py`` counts the decoded request by kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from turnout.dialects import Endpoint
from turnout.errors import BodyTooLarge

_MOST_WRITTEN = 16 * 1024 * 1024
_SLICE = 64 * 1024  # bytes that are looked at in one go
_NO_MARKS = bytes(set(range(256)) - set(b",:[{"))


def takes_form(endpoint: Endpoint[Any, Any]) -> bool:
    return getattr(endpoint, "request_type", "") == "multipart/form-data"


def may_hold(body: bytes, values: int) -> bool:
    """Whether the body is long enough for more than ``values``: each takes a byte, and a separator before the next."""
    return len(body) > 2 * values


def check_body(body: bytes, most_values: int) -> None:
    """Raises ``BodyTooLarge`` for JSON that takes long to decode. Call it only when the body ``may_hold`` as much."""
    _check_values(body, most_values)
    if len(body) > _MOST_WRITTEN:
        _check_texts(body)


def _check_texts(body: bytes) -> None:
    """Text beyond plain ASCII takes long to decode; no model reads as much of it. Base64 is plain ASCII."""
    written = sum(2 * piece.count(b"\\") if piece.isascii() else len(piece) for piece in _slices(body))
    if written > _MOST_WRITTEN:
        raise BodyTooLarge(
            f"The body holds more than {_MOST_WRITTEN} bytes of escapes and of characters beyond ASCII, the limit here."
            " Send less in one request."
        )


def _check_values(body: bytes, most: int) -> None:
    """Only marks outside of texts count, and they take long to find. Mostly, all marks together are few enough."""
    if _marks(_slices(body)) < most:
        return
    marks = 0
    for outside in _outside_texts(body):
        marks += _marks((outside,))
        if marks >= most:
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
    """``body`` without the contents of its texts. It need not be sound JSON."""
    inside, held = False, b""
    for piece in _slices(body):
        piece = held + piece
        held = b"\\" * ((len(piece) - len(piece.rstrip(b"\\"))) % 2)  # escapes what comes with the next slice
        piece = piece[: len(piece) - len(held)].replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= len(parts) % 2 == 0
