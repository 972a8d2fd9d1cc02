"""Leaves out of a relayed chat what Turnout has put there for other providers (``turnout/dialects``): sealed
``reasoning_details``, and the signatures of Gemini's calls that they repeat; and thoughts, where a vendor refuses them.
"""

from __future__ import annotations

from functools import partial

import msgspec
from msgspec import Raw

from turnout.providers.seals import Fields, has_seal, may_hold_seals, without, without_sealed

_DETAILS = "reasoning_details"
_THOUGHTS = ("reasoning_content", _DETAILS)
_KEYS_OF_THOUGHTS = b'"reasoning_'  # how the names of all of them begin
_CALLS = "tool_calls"
_EXTRA = "extra_content"
_LIST = msgspec.json.Decoder(list[Raw])
_OBJECT = msgspec.json.Decoder(Fields)
_LABELS = frozenset({"role", "name"})
_EMPTY = frozenset({b"null", b'""', b"[]"})
_CALLS_DECODER = msgspec.json.Decoder(list[Fields])
_encode = msgspec.json.encode


def own_messages(messages: Raw, *, with_extra: bool) -> Raw:
    """A relayed request's ``messages`` without these. ``with_extra``: the vendor may be Google, who reads the
    signatures of calls (https://ai.google.dev/gemini-api/docs/thought-signatures, "OpenAI").
    """
    if not may_hold_seals(messages):
        return messages
    return without_sealed(messages, partial(_own, with_extra=with_extra))


def without_thoughts(messages: Raw) -> Raw:
    """A relayed request's ``messages`` for a vendor that refuses thoughts in them, such as Groq
    (https://github.com/janhq/jan/issues/8136): also in those of a model that had them. A turn that has only thoughts is
    left out whole. What has another form than the wire's is left to the vendor.
    """
    if not _may_have_thoughts(messages) or bytes(messages)[:1] != b"[":
        return messages
    kept = [_without_thoughts(item) if _may_have_thoughts(item) else item for item in _LIST.decode(messages)]
    return Raw(_encode([item for item in kept if item is not None]))


def _may_have_thoughts(value: Raw) -> bool:
    """Quotes inside JSON's texts are escaped, so what somebody writes can't match. A search from the end is faster."""
    return bytes(value).rfind(_KEYS_OF_THOUGHTS) >= 0


def _without_thoughts(item: Raw) -> Fields | Raw | None:
    if bytes(item)[:1] != b"{":
        return item
    message = _OBJECT.decode(item)
    rest = {name: value for name, value in message.items() if name not in _THOUGHTS}
    says = any(name not in _LABELS and bytes(value) not in _EMPTY for name, value in rest.items())
    return rest if says or len(rest) == len(message) else None


def _own(message: Fields, *, with_extra: bool) -> Fields:
    details = message.get(_DETAILS, Raw())
    if bytes(details)[:1] != b"[":
        return message
    own = without(details, lambda detail: has_seal(detail, "data", "signature"))
    changed = {name: value for name, value in message.items() if name != _DETAILS}
    if own:
        changed[_DETAILS] = Raw(_encode(own))
    if not with_extra and bytes(changed.get(_CALLS, Raw()))[:1] == b"[":
        changed[_CALLS] = _without_extra(changed[_CALLS])
    return changed


def _without_extra(calls: Raw) -> Raw:
    plain = [{name: value for name, value in call.items() if name != _EXTRA} for call in _CALLS_DECODER.decode(calls)]
    return Raw(_encode(plain))
