"""What providers tell of an answer's usage, brought into the normal form that ``core.Usage`` describes."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from turnout.core import Extra, Usage, UsageSoFar
from turnout.core.usage import COUNTS, NO_EXTRA

_TIERS: Final[dict[object, str]] = {
    **dict.fromkeys((None, "", "auto", "default", "standard", "on_demand", "unspecified"), ""),
    "fast": "priority",
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
}
"""OpenAI's ``priority`` is also called ``fast`` since 2026-07-30
(https://developers.openai.com/api/docs/guides/fast-mode). ``on_demand…`` are Vertex AI's (``TrafficType`` of the
package google-genai).
"""
_WORD: Final = re.compile(r"[a-z0-9_-]{1,32}")
_ANYWHERE: Final = (None, "", "global", "not_available")


class UsageCount:
    """``told`` is the usage that one reply has told so far."""

    def __init__(self) -> None:
        self.told: Usage | None = None

    def add(self, usage: Usage) -> UsageSoFar:
        self.told = _completed(usage, self.told)
        return UsageSoFar(self.told)


def _completed(usage: Usage, earlier: Usage | None) -> Usage:
    """``usage`` with what only an ``earlier`` piece told."""
    if earlier is None or (usage.input and usage.output and earlier.extra is NO_EXTRA):
        return usage  # as nearly always
    told: dict[str, object] = {"extra": _completed_extra(usage.extra, earlier.extra)}
    if not (usage.input and usage.output):
        told |= {name: getattr(usage, name) or getattr(earlier, name) for name in COUNTS}
    return msgspec.structs.replace(usage, **told)


def _completed_extra(extra: Extra, earlier: Extra) -> Extra:
    if earlier is NO_EXTRA or extra == earlier:
        return extra
    return Extra(**{name: getattr(extra, name) or getattr(earlier, name) for name in Extra.__struct_fields__})


def service_tier(told: object) -> str:
    """The provider's name of a tier, of any type → the one of ``core.Extra``."""
    known = _TIERS.get(told) if told is None or isinstance(told, str) else ""
    if known is not None:
        return known
    word = str(told).lower()
    return _TIERS.get(word, word if _WORD.fullmatch(word) else "")


def region(told: object) -> str:
    """The provider's name of a region. Empty if it could work anywhere, and for what is no name."""
    if told in _ANYWHERE or not isinstance(told, str):
        return ""
    word = told.lower()
    return word if _WORD.fullmatch(word) else ""


def whole_input(input_tokens: int, cached: int, written: int) -> int:
    """The input with its parts. Some servers count the cached tokens beside it: then they are more than it."""
    parts = cached + written
    return input_tokens if parts <= input_tokens else input_tokens + parts
