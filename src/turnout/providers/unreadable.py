"""Decoding a provider's bytes, and the error for bytes that aren't of its wire."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from turnout.core.printable import excerpt
from turnout.errors import UpstreamBroken

Decoded = TypeVar("Decoded")


def decode_reply(decoder: msgspec.json.Decoder[Decoded], data: bytes, message: str) -> Decoded:
    """Raises ``UpstreamBroken`` with ``message`` for bytes that aren't of the wire."""
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(message, data, error) from error


def decode_if_known(decoder: msgspec.json.Decoder[Decoded], data: bytes, message: str) -> Decoded | None:
    """None for JSON of an unknown form. Raises ``UpstreamBroken`` with ``message`` for bytes that aren't JSON."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unreadable(message, data, error) from error


def unreadable(message: str, data: bytes, error: Exception | str | None = None) -> UpstreamBroken:
    """``message`` says what is wrong, ``error`` where. Only the log gets the bytes, as they may hold anything."""
    text = f"{message.removesuffix('.')} ({error})." if error is not None else message
    return UpstreamBroken(text, excerpt=excerpt(data))
