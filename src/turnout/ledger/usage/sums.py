"""Sums of attempts, with names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import add
from typing import Any, Final

from turnout.core import usd
from turnout.storage import COST_UNIT, FAULTS, MEASURES, OUTCOMES, PIECES, TOKENS

Record = dict[str, Any]
"""What becomes JSON."""

SHOWN: Final = {"key_id": "key"}
"""Dimensions that people see by another name than the ledger's."""

SPAN_SECONDS: Final = {"day": 86_400, "hour": 3_600}


class Sums:
    """The measures of some attempts. ``cost`` is in picodollars; it leaves out what is unpriced or unmetered. ``saved``
    is what kept answers had cost when they were made.
    """

    __slots__ = ("_measures", "cost", "saved")

    def __init__(self, measures: Sequence[int]) -> None:
        self._measures = dict(zip(MEASURES, measures, strict=True))
        self.cost = self["cost_high"] * COST_UNIT + self["cost_low"]
        self.saved = self["saved_high"] * COST_UNIT + self["saved_low"]

    def __getitem__(self, measure: str) -> int:
        return self._measures[measure]

    @property
    def tokens(self) -> int:
        return self["input"] + self["output"]

    @property
    def judged(self) -> int:
        """The attempts that say something about the provider: nobody else ended them."""
        return self["ok"] + self["failed"] + self["cut"]

    def record(self) -> Record:
        return {
            "requests": self["requests"],
            "attempts": self["attempts"],
            "outcomes": {outcome: self[outcome] for outcome in OUTCOMES},
            "at_fault": {fault: self[f"fault_{fault}"] for fault in FAULTS},
            "tokens": {"total": self.tokens} | {name: self[name] for name in TOKENS},
            "pieces": {name: self[name] for name in PIECES},
            "estimated": self["estimated"],
            "unmetered": self["unmetered"],
            "unpriced": {"attempts": self["unpriced"], "tokens": self["unpriced_tokens"]},
            "cost": self.cost,
            "cost_usd": signed_usd(self.cost),
            "saved": self.saved,
            "saved_usd": signed_usd(self.saved),
        }


def total_of(rows: Iterable[Sequence[int]]) -> Sums:
    total: Sequence[int] = (0,) * len(MEASURES)
    for row in rows:
        total = tuple(map(add, total, row))
    return Sums(total)


def signed_usd(picodollars: int) -> str:
    return f"-{usd(-picodollars)}" if picodollars < 0 else usd(picodollars)


def named_values(by: Sequence[str], values: Sequence[str]) -> Record:
    return {SHOWN.get(name, name): value for name, value in zip(by, values, strict=True)}


def named_span(span: str | None, number: int | None) -> Record:
    """``{"day": "2026-11-30"}`` or ``{"hour": "2026-11-30T14:00:00Z"}``; nothing without a span."""
    if span is None or number is None:
        return {}
    time = datetime.fromtimestamp(number * SPAN_SECONDS[span], UTC)
    return {span: time.strftime("%Y-%m-%d" if span == "day" else "%Y-%m-%dT%H:00:00Z")}


def hour_text(hour: int) -> str:
    return datetime.fromtimestamp(hour * SPAN_SECONDS["hour"], UTC).strftime("%Y-%m-%dT%H:00:00Z")
