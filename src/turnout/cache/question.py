"""The key of a question: a hash of all that its answer may depend on. Spelling doesn't count: neither the dialect, nor
blanks, nor the order of an object's fields.

What Turnout reads is written in the core's form, which all dialects share. What it doesn't read is written as the
client's own JSON, with the name of the wire. So an unknown field makes another question, and never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import structs

from turnout.core import ChatRequest, EmbeddingRequest, ImageRequest, WireBody, WireForm

FORM: Final = 1
"""Of what is kept, and of keys. A version that changes either counts it up: it shares no Redis with the one before."""

KEY_BYTES: Final = 32
"""So long that nobody finds two questions with one key."""

_ALIKE: Final = frozenset({"", "openai-chat", "openai-responses", "anthropic-messages", "gemini", "ollama"})
"""Wires of chats, in which a model is asked the same. Others, such as those of bare prompts, have questions of their
own. The library has none.
"""

_OF_NO_MEANING: Final = frozenset(
    {
        *("user-agent", "anthropic-version"),
        *("idempotency-key", "originator", "session_id", "x-client-request-id", "x-openai-subagent"),
    }
)
"""Headers that name the caller, its request or the form of the reply."""

_FORM_OF_THE_REPLY: Final = frozenset({"alt", "$alt", "key"})
"""Names in a query that say nothing about the question: the form of Gemini's streams, and the caller's key."""

_TAG: Final = "type"
_TOOL_CALL: Final = "tool_call"
_decode = msgspec.json.decode
_encode = msgspec.json.Encoder(order="sorted").encode


class Asker(msgspec.Struct, frozen=True, gc=False):
    """Who asks which model, as far as it matters. ``tenant``: those of another one never share an answer.

    ``made_by`` are the ids of the model's deployments: a model that is made by others is another one.
    """

    tenant: str
    model: str
    made_by: tuple[str, ...]
    tags: tuple[str, ...] = ()
    strict: bool = False


def question_key(request: ChatRequest | ImageRequest, asker: Asker, unread: bool) -> bytes:
    """``request`` has been read whole. ``unread``: it has fields that no decoder reads."""
    raw = request.raw
    if isinstance(request, ChatRequest):
        told = _canonical_chat(request)
        wire = "" if raw is None or raw.wire in _ALIKE else raw.wire
    else:
        told = _canonical(structs.replace(request, model="", raw=None))
        wire = "image"
    return _key(asker, (wire, _around(raw)), told, _own_words(raw) if unread else b"")


def keys_of_inputs(request: EmbeddingRequest, asker: Asker) -> list[bytes]:
    """One for each input, whatever stands beside it."""
    bare = _canonical(structs.replace(request, model="", inputs=(), raw=None))
    start = _hash(asker, ("vectors", _around(request.raw)), bare, b"")
    keys = []
    for each in request.inputs:
        state = start.copy()
        state.update(_encode(each))
        keys.append(state.digest())
    return keys


def _key(asker: Asker, form: object, told: bytes, own_words: bytes) -> bytes:
    digest: bytes = _hash(asker, form, told, own_words).digest()
    return digest


def _hash(asker: Asker, form: object, told: bytes, own_words: bytes) -> Any:
    """With the length of each part, so that where one ends and the next begins is beyond doubt."""
    parts = (_written(asker), _encode(form), told, own_words)
    lengths = b"%d:%d:%d:%d:" % (FORM, len(parts[0]), len(parts[1]), len(told))
    return blake2b(lengths + b"".join(parts), digest_size=KEY_BYTES)


@lru_cache(4096)
def _written(asker: Asker) -> bytes:
    return _encode(asker)


def _canonical(value: object) -> bytes:
    """JSON with sorted fields, also inside of JSON that came raw."""
    return _encode(_decode(msgspec.json.encode(value)))


def _canonical_chat(request: ChatRequest) -> bytes:
    bare = structs.replace(request, model="", stream=False, stream_usage=False, raw=None, unread=None)
    told = _decode(msgspec.json.encode(bare))
    for message in told["messages"]:
        for part in message["parts"]:
            if part[_TAG] == _TOOL_CALL:
                part["arguments"] = _parsed(part["arguments"])
    return _encode(told)


def _parsed(arguments: str) -> Any:
    """The arguments of a call are a text of JSON. Models also write what is none."""
    try:
        return [_decode(arguments)]
    except (msgspec.DecodeError, UnicodeEncodeError):
        return arguments


def _around(raw: WireBody | WireForm | None) -> Sequence[tuple[str, str]]:
    """What is told beside the body, and goes along to the provider."""
    if raw is None:
        return ()
    told = [pair for pair in raw.headers.items() if pair[0] not in _OF_NO_MEANING]
    if isinstance(raw, WireBody) and raw.query:
        query = parse_qsl(raw.query, keep_blank_values=True)
        told += [pair for pair in query if pair[0] not in _FORM_OF_THE_REPLY]
    return sorted(told)


def _own_words(raw: WireBody | WireForm | None) -> bytes:
    if not isinstance(raw, WireBody):
        return b""
    fields = {name: value for name, value in raw.fields.items() if name not in ("stream", "model")}
    return _encode((raw.wire, _decode(msgspec.json.encode(fields))))
