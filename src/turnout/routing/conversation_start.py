"""The beginning of a conversation, which is the same in all of its turns: the text of its user's first message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from json import JSONDecoder
from typing import Any, Final

from turnout.core import ChatRequest, Text

_CONVERSATIONS: Final = ("messages", "input", "contents", "prompt")
"""The field with the conversation in each of the wires."""

_MOST_BYTES: Final = 128 * 1024
"""Nothing behind them is looked at. Decoding as much takes a fifth of a millisecond."""

_MOST_MESSAGES: Final = 16
_NAME_BYTES: Final = 8
_DECODER = JSONDecoder()


def start_of(request: ChatRequest) -> bytes | None:
    """Of a conversation that nobody has read, only the first bytes are looked at."""
    raw = request.raw
    if raw is not None and raw.continues is not None and raw.continues.items:
        return bytes(raw.continues.items[0])
    if raw is None or request.unread is None:
        start = _start_of_messages(request)
        if start or raw is None:
            return start
    for name in _CONVERSATIONS:
        if name in raw.fields:
            return _start_of_json(memoryview(raw.fields[name])[:_MOST_BYTES].tobytes())
    return None


def conversation_name(request: ChatRequest, key_id: str) -> str:
    """A name for a conversation whose client has none for it. Empty where it has no text."""
    start = start_of(request)
    if start is None:
        return ""
    return blake2b(b"%b\n%b" % (key_id.encode(), start), digest_size=_NAME_BYTES).hexdigest()


def _start_of_messages(request: ChatRequest) -> bytes | None:
    for message in request.messages:
        if message.role == "user":
            texts = [part.text for part in message.parts if isinstance(part, Text)]
            text = texts[0] if len(texts) == 1 else "\n".join(texts)
            return text[:_MOST_BYTES].encode(errors="replace")
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
            return "\n".join(_texts(message)).encode(errors="replace") or text[at:end].encode(errors="replace")
        at = end
    return data


def _texts(message: Mapping[str, Any]) -> Iterator[str]:
    """``content`` is a text or a list of parts; Gemini has ``parts``."""
    content = message.get("content", message.get("parts"))
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]


def _is_users(message: Any) -> bool:
    """Gemini's first message needs no role."""
    return isinstance(message, Mapping) and message.get("role", "user") == "user"
