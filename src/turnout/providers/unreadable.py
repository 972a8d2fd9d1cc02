"""Decoding a provider's bytes, and the error for bytes that aren't of its wire."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from turnout.core.printable import excerpt
from turnout.errors import UpstreamBroken

from .half_pairs import lost
from .odd_values import MOST_REPAIRS, Mark, as_json, repaired

Decoded = TypeVar("Decoded")


class UnreadableFrame(UpstreamBroken):
    """The bytes of one reply, or of one frame of a stream, aren't of the wire. They say nothing of the other frames."""


_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_reply(decoder: msgspec.json.Decoder[Decoded], data: bytes, message: str, mark: Mark = lost) -> Decoded:
    """Raises ``UpstreamBroken`` with ``message`` for bytes that aren't of the wire.

    ``mark`` gives what stands for a half of a character.
    """
    try:
        return decoder.decode(data)  # as nearly always
    except _ERRORS:
        pass
    try:
        return _decode_odd(decoder, data, mark)
    except _ERRORS as error:
        raise unreadable(message, data, error) from error


def decode_if_known(
    decoder: msgspec.json.Decoder[Decoded], data: bytes, message: str, mark: Mark = lost
) -> Decoded | None:
    """None for JSON of an unknown form. Raises ``UpstreamBroken`` with ``message`` for bytes that aren't JSON.

    ``mark`` gives what stands for a half of a character.
    """
    try:
        return decoder.decode(data)  # as nearly always
    except _ERRORS:
        pass
    try:
        return _decode_odd(decoder, data, mark)
    except msgspec.ValidationError:
        return None
    except _ERRORS as error:
        raise unreadable(message, data, error) from error


def _decode_odd(decoder: msgspec.json.Decoder[Decoded], data: bytes, mark: Mark) -> Decoded:
    """Repairs what says nothing (``odd_values.py``). Raises the error that can't be repaired."""
    data = as_json(data, mark)
    for _ in range(MOST_REPAIRS):
        try:
            return decoder.decode(data)
        except msgspec.ValidationError as error:
            changed = repaired(data, error)
            if changed is None:
                raise
            data = changed
    return decoder.decode(data)


def read_object(data: bytes, message: str) -> None:
    """Raises ``UpstreamBroken`` with ``message`` for JSON that is no object: no client of a stream can take it."""
    if data.lstrip()[:1] != b"{":
        raise unreadable(message, data)


def refuse_json(data: bytes, message: str) -> None:
    """Raises ``UpstreamBroken`` with ``message`` for a whole JSON object or array. Where a reply has another form, such
    as sound, this is an error with status 200.
    """
    if data[:1] not in (b"{", b"["):
        return
    try:
        msgspec.json.decode(data)
    except _ERRORS:
        return
    raise unreadable(message, data)


def unreadable(message: str, data: bytes, error: Exception | str | None = None) -> UnreadableFrame:
    """``message`` says what is wrong, ``error`` where. Only the log gets the bytes, as they may hold anything."""
    text = f"{message.removesuffix('.')} ({error})." if error is not None else message
    return UnreadableFrame(text, excerpt=excerpt(data))
