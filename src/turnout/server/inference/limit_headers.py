"""The headers that tell a client how much is left of its limits.

- ``RateLimit-Policy`` and ``RateLimit`` name every limit (https://www.ietf.org/archive/id/
  draft-ietf-httpapi-ratelimit-headers-10.html).
- The vendors' headers tell the requests and the tokens that are nearest to their end: OpenAI's
  (https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers), and to a client of Anthropic's dialect
  Anthropic's (https://docs.claude.com/en/api/rate-limits#response-headers).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from turnout.core import CountedLimit, LimitLevel, LimitUnit
from turnout.errors import AllowanceError, BudgetSpent, LimitReached, moment

Headers = list[tuple[bytes, bytes]]

_ANTHROPIC: Final = "anthropic"
_UNIT: Final[Mapping[LimitUnit, str]] = {"requests": "", "tokens": ';qu="tokens"'}
_NAMES: Final = {
    (False, "requests"): (
        b"x-ratelimit-limit-requests",
        b"x-ratelimit-remaining-requests",
        b"x-ratelimit-reset-requests",
    ),
    (False, "tokens"): (b"x-ratelimit-limit-tokens", b"x-ratelimit-remaining-tokens", b"x-ratelimit-reset-tokens"),
    (True, "requests"): (
        b"anthropic-ratelimit-requests-limit",
        b"anthropic-ratelimit-requests-remaining",
        b"anthropic-ratelimit-requests-reset",
    ),
    (True, "tokens"): (
        b"anthropic-ratelimit-tokens-limit",
        b"anthropic-ratelimit-tokens-remaining",
        b"anthropic-ratelimit-tokens-reset",
    ),
}
_MOST_FORMS: Final = 4096
_LONG: Final = 60.0
"""Seconds. SDKs that would try again sooner, and in vain, are told not to."""


def limit_headers(dialect: str, levels: Sequence[LimitLevel], now: float) -> Headers:
    """``now`` is the Unix time. All of a limit is surely free again after its window, and mostly sooner."""
    if not levels:
        return []
    limits = tuple([level.limit for level in levels])
    form = _FORMS.get(limits) or _new_form(limits)
    headers = [form.policy, (b"ratelimit", form.left % tuple([level.remaining for level in levels]))]
    for places in form.by_unit:
        place = places[0]
        if len(places) > 1:
            place = min(places, key=lambda each: levels[each].remaining / limits[each].most)
        headers += _vendors(dialect, limits[place], levels[place].remaining, now)
    return headers


def refusal_headers(error: AllowanceError) -> Headers:
    """When another try may help; and to SDKs that try again by themselves, that it doesn't."""
    wait = error.retry_after
    headers: Headers = []
    if wait is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(wait))))
    if wait is None or wait > _LONG:
        headers.append((b"x-should-retry", b"false"))
    if isinstance(error, LimitReached) and wait is not None:
        headers.append((b"ratelimit", b'"%b";r=0;t=%d' % (_quoted(error.gauge).encode(), max(1, math.ceil(wait)))))
    if isinstance(error, BudgetSpent) and error.resets is not None:
        headers.append((b"x-turnout-budget-resets", moment(error.resets).encode()))
    return headers


class _Form(NamedTuple):
    """What is the same for every request with these limits. ``left`` takes the units that remain of each. ``by_unit``
    has the places of the limits of requests, and of those of tokens.
    """

    policy: tuple[bytes, bytes]
    left: bytes
    by_unit: tuple[tuple[int, ...], ...]


_FORMS: Final[dict[tuple[CountedLimit, ...], _Form]] = {}


def _new_form(limits: tuple[CountedLimit, ...]) -> _Form:
    if len(_FORMS) >= _MOST_FORMS:
        _FORMS.clear()
    policy = ", ".join([f'"{_quoted(each.name)}";q={each.most};w={each.seconds}{_UNIT[each.unit]}' for each in limits])
    left = ", ".join([f'"{_quoted(each.name).replace("%", "%%")}";r=%d;t={each.seconds}' for each in limits])
    by_unit = [tuple([place for place, each in enumerate(limits) if each.unit == unit]) for unit in _UNIT]
    form = _FORMS[limits] = _Form((b"ratelimit-policy", policy.encode()), left.encode(), tuple(filter(None, by_unit)))
    return form


def _quoted(name: str) -> str:
    """A gauge's id has quoted names, so it is ASCII without quotes (RFC 9651, 3.3.3)."""
    return name.replace("\\", "").replace('"', "")


def _vendors(dialect: str, limit: CountedLimit, remaining: int, now: float) -> Headers:
    most, left, reset = _NAMES[dialect == _ANTHROPIC, limit.unit]
    until = moment(now + limit.seconds).encode() if dialect == _ANTHROPIC else b"%ds" % limit.seconds
    return [(most, b"%d" % limit.most), (left, b"%d" % remaining), (reset, until)]
