"""The headers that tell a client how much is left of its limits.

- ``RateLimit-Policy`` and ``RateLimit`` name every limit (https://www.ietf.org/archive/id/
  draft-ietf-httpapi-ratelimit-headers-10.html).
- The vendors' headers tell the requests and the tokens that are nearest to their end: OpenAI's
  (https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers), and to a client of Anthropic's dialect
  Anthropic's (https://docs.claude.com/en/api/rate-limits#response-headers).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from turnout.core import LimitLevel
from turnout.errors import AllowanceError, BudgetSpent, LimitReached

Headers = list[tuple[bytes, bytes]]

_ANTHROPIC: Final = "anthropic"
_UNITS: Final = ("requests", "tokens")
_LONG: Final = 60.0
"""Seconds. SDKs that would try again sooner, and in vain, are told not to."""


def limit_headers(dialect: str, levels: Sequence[LimitLevel], now: float) -> Headers:
    """``now`` is the Unix time. All of a limit is surely free again after its window, and mostly sooner."""
    if not levels:
        return []
    headers = [
        (b"ratelimit-policy", ", ".join([_policy(level) for level in levels]).encode()),
        (b"ratelimit", ", ".join([_left(level) for level in levels]).encode()),
    ]
    for unit in _UNITS:
        of_unit = [level for level in levels if level.unit == unit]
        if of_unit:
            headers += _vendors(dialect, unit, min(of_unit, key=_share), now)
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
        headers.append((b"x-turnout-budget-resets", _moment(error.resets).encode()))
    return headers


def _share(level: LimitLevel) -> float:
    return level.remaining / level.most if level.most else 0.0


def _policy(level: LimitLevel) -> str:
    unit = ';qu="tokens"' if level.unit == "tokens" else ""
    return f'"{_quoted(level.name)}";q={level.most};w={level.seconds}{unit}'


def _left(level: LimitLevel) -> str:
    return f'"{_quoted(level.name)}";r={level.remaining};t={level.seconds}'


def _quoted(name: str) -> str:
    """A gauge's id has quoted names, so it is ASCII without quotes (RFC 9651, 3.3.3)."""
    return name.replace("\\", "").replace('"', "")


def _vendors(dialect: str, unit: str, level: LimitLevel, now: float) -> Headers:
    told = {"limit": str(level.most), "remaining": str(level.remaining)}
    if dialect == _ANTHROPIC:
        told["reset"] = _moment(now + level.seconds)
        return [(f"anthropic-ratelimit-{unit}-{name}".encode(), value.encode()) for name, value in told.items()]
    told["reset"] = f"{level.seconds}s"
    return [(f"x-ratelimit-{name}-{unit}".encode(), value.encode()) for name, value in told.items()]


def _moment(unix_time: float) -> str:
    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
