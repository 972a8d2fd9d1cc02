"""Leaves out of a relayed chat what Turnout has put there for other providers (``turnout/dialects``): sealed
``reasoning_details``, and the signatures of Gemini's calls that they repeat.
"""

from __future__ import annotations

from functools import partial

import msgspec
from msgspec import Raw

from turnout.providers.seals import Fields, has_seal, may_hold_seals, without, without_sealed

_DETAILS = "reasoning_details"
_CALLS = "tool_calls"
_EXTRA = "extra_content"
_CALLS_DECODER = msgspec.json.Decoder(list[Fields])
_encode = msgspec.json.encode


def own_messages(messages: Raw, *, with_extra: bool) -> Raw:
    """A relayed request's ``messages`` without these. ``with_extra``: the vendor may be Google, who reads the
    signatures of calls (https://ai.google.dev/gemini-api/docs/thought-signatures, "OpenAI").
    """
    if not may_hold_seals(messages):
        return messages
    return without_sealed(messages, partial(_own, with_extra=with_extra))


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
