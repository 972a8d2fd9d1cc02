"""Repairs a reply whose type is wrong where nothing is said: that doesn't cost the answer.

Servers that speak another vendor's wire send numbers as ids, texts as times, null as an index, log probabilities
without a value. Streams cut a character outside of Unicode's first plane into its two UTF-16 halves. The types of
everything else stay strict: a repair there would make another answer.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

MOST_REPAIRS: Final = 32
"""Of one reply, each of which reads it again."""

_SAYS_NOTHING: Final = frozenset(
    {
        "id",
        "created",
        "created_at",
        "createTime",
        "model",
        "modelVersion",
        "object",
        "role",
        "logprobs",
        "avgLogprobs",
        "logprobsResult",
        "finish_reason",
        "done_reason",
        "finishMessage",
        "usage",
        "system_fingerprint",
        "service_tier",
    }
)
"""The answer's text, calls and thoughts are the same without these fields, and without anything that is inside them."""

_NULL: Final = ", got `null` - at"
_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`\Z")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_SURROGATES: Final = re.compile(
    rb"(?P<backslashes>(?<!\\)(?:\\\\)*)"  # an even number: they escape each other
    rb"(?:(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


def repaired(data: bytes, error: msgspec.DecodeError) -> bytes | None:
    """``data`` without what msgspec's ``error`` is about. None when the answer needs it."""
    if isinstance(error, msgspec.ValidationError):
        return _without_odd_value(data, str(error))
    return _without_half_pairs(data)


def _without_odd_value(data: bytes, problem: str) -> bytes | None:
    place = _PLACE.search(problem)
    steps = [name or int(number) for name, number in _STEP.findall(place["path"])] if place else []
    depth = next((at for at, step in enumerate(steps) if step in _SAYS_NOTHING), None)
    if depth is None and steps and isinstance(steps[-1], str) and _NULL in problem:
        depth = len(steps) - 1  # null says as little as a field that isn't there
    if depth is None:
        return None
    reply = msgspec.json.decode(data)
    *way, last = steps[: depth + 1]
    holder: Any = reply
    try:
        for step in way:
            holder = holder[step]
        value = holder[last]
    except (LookupError, TypeError):  # a key stands there twice, and the other one's value was odd
        return None
    if last == "id" and type(value) in (int, float):
        holder[last] = str(value)  # it comes back in the next request
    else:
        del holder[last]
    return msgspec.json.encode(reply)


def _without_half_pairs(data: bytes) -> bytes | None:
    """Puts Unicode's replacement character in the place of each half of a surrogate pair. None if there is no half."""
    changed = _SURROGATES.sub(lambda match: match[0] if match["pair"] else match["backslashes"] + rb"\ufffd", data)
    return None if changed == data else changed
