"""Reads what a provider says of its own limits, in the headers of a reply.

OpenAI (``6m0s``, ``12ms``): https://platform.openai.com/docs/guides/rate-limits
Groq (``2m59.56s``): https://console.groq.com/docs/rate-limits
Azure (whole seconds, and -1 where it doesn't know): https://learn.microsoft.com/en-us/answers/questions/5625878
Anthropic (RFC 3339): https://platform.claude.com/docs/en/api/rate-limits

Gemini has no such headers: it says in the body of a 429 how long to wait (``error_words.py``).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from turnout.core.quota import Allowance, Quota

_OPENAI: Final = "x-ratelimit-{1}-{0}"
_ANTHROPIC: Final = "anthropic-ratelimit-{0}-{1}"


def _names(form: str, of: str) -> tuple[str, str, str]:
    return form.format(of, "remaining"), form.format(of, "limit"), form.format(of, "reset")


_REQUESTS, _TOKENS = _names(_OPENAI, "requests"), _names(_OPENAI, "tokens")
_ANTHROPICS_REQUESTS, _ANTHROPICS_TOKENS = _names(_ANTHROPIC, "requests"), _names(_ANTHROPIC, "tokens")
_ANTHROPICS_INPUT = _names(_ANTHROPIC, "input-tokens")
_ANTHROPICS_OUTPUT = _names(_ANTHROPIC, "output-tokens")

_MARKS: Final = frozenset(
    {_REQUESTS[0], _TOKENS[0], _ANTHROPICS_REQUESTS[0], _ANTHROPICS_TOKENS[0], _ANTHROPICS_INPUT[0]}
)
_DURATION = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)
_SECONDS_EACH = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_MOST_DIGITS = 18


def quota_of(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> Quota | None:
    """``headers`` have names in lower case. ``clock`` gives the Unix time in seconds. None where nothing is told."""
    if _MARKS.isdisjoint(headers):
        return None
    now = clock()
    quota = Quota(
        requests=_allowance(headers, _REQUESTS, now) or _allowance(headers, _ANTHROPICS_REQUESTS, now),
        tokens=_allowance(headers, _TOKENS, now) or _allowance(headers, _ANTHROPICS_TOKENS, now),
        input_tokens=_allowance(headers, _ANTHROPICS_INPUT, now),
        output_tokens=_allowance(headers, _ANTHROPICS_OUTPUT, now),
    )
    return None if quota == _NOTHING else quota


_NOTHING: Final = Quota()


def _allowance(headers: Mapping[str, str], names: tuple[str, str, str], now: float) -> Allowance | None:
    remaining = _whole(headers.get(names[0], ""))
    if remaining is None:
        return None
    return Allowance(remaining, _whole(headers.get(names[1], "")), _seconds(headers.get(names[2], ""), now))


def _whole(text: str) -> int | None:
    """None for what isn't a number, and for Azure's -1."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def _seconds(text: str, now: float) -> float | None:
    """A duration, a number of seconds, or the date of the reset."""
    if found := _DURATION.fullmatch(text):
        given = [(float(number), each) for number, each in zip(found.groups(), _SECONDS_EACH, strict=True) if number]
        return sum(number * each for number, each in given) if given else None
    try:
        return float(text) if text[:1].isdigit() and "-" not in text else _seconds_until(text, now)
    except (ValueError, OverflowError):
        return None


def _seconds_until(date: str, now: float) -> float:
    return max(datetime.fromisoformat(date).timestamp() - now, 0.0)
