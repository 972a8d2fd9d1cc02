"""The beginning of a conversation, which is the same in all of its turns: the first message of its user."""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONDecoder
from typing import Any, Final

from turnout.core import ChatRequest, Text

_CONVERSATIONS: Final = ("messages", "input", "contents", "prompt")
"""The field with the conversation in each of the wires."""

_MOST_BYTES: Final = 128 * 1024
"""Nothing behind them is looked at. Decoding as much takes a fifth of a millisecond."""

_MOST_MESSAGES: Final = 16
_DECODER = JSONDecoder()


def start_of(request: ChatRequest) -> bytes | None:
    """A conversation on its way to the same wire isn't read: only its first bytes are looked at."""
    raw = request.raw
    if raw is None:
        return _start_of_messages(request)
    if raw.continues is not None and raw.continues.items:
        return bytes(raw.continues.items[0])
    for name in _CONVERSATIONS:
        if name in raw.fields:
            return _start_of_json(memoryview(raw.fields[name])[:_MOST_BYTES].tobytes())
    return None


def _start_of_messages(request: ChatRequest) -> bytes | None:
    for message in request.messages:
        if message.role == "user":
            texts = [part.text for part in message.parts if isinstance(part, Text)]
            return "\n".join(texts)[:_MOST_BYTES].encode(errors="replace")
    return None


def _start_of_json(data: bytes) -> bytes:
    """All of ``data`` where it isn't a list, or where the user's message isn't found in it."""
    text = data.decode(errors="replace")
    at = 1
    for _ in range(_MOST_MESSAGES if text.startswith("[") else 0):
        while text[at : at + 1] in (",", " ", "\n", "\r", "\t"):
            at += 1
        try:
            message, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):  # also a number of very many digits is a ``ValueError``
            return data
        if _is_users(message):
            return text[at:end].encode(errors="replace")
        at = end
    return data


def _is_users(message: Any) -> bool:
    """Gemini's first message needs no role."""
    return isinstance(message, Mapping) and message.get("role", "user") == "user"
