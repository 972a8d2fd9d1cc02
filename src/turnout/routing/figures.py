"""The live figures of one deployment."""

from __future__ import annotations

from collections import deque

from turnout.core import Timeouts
from turnout.core.quota import Quota

from .averages import Average, PeakAverage, Trust
from .ending import Ending
from .health import Breaker

_LAST = 128
_ENOUGH = 20
"""Answers of which the times to the first token are kept, and as many as are needed to tell a late one."""


class Figures:
    """Policies read it, and only the board writes it.

    ``in_flight`` are attempts that have begun and not ended, ``queued`` requests that wait for their turn.
    ``first_token`` is in seconds, ``per_token`` in seconds for each token of output. A failed attempt counts in the
    first as one that took as long as its deadline, so that quick refusals attract no requests. ``output`` is the number
    of tokens of an answer, ``cached`` the share of the input that was read from a cache. ``trust`` has the share of the
    attempts that answered well. ``breaker`` is None as long as nothing has failed. ``quota`` is what the provider said
    of its limits at ``quota_at``.
    """

    __slots__ = (
        "_first_tokens",
        "breaker",
        "cached",
        "first_token",
        "in_flight",
        "output",
        "per_token",
        "queued",
        "quota",
        "quota_at",
        "trust",
        "used",
    )

    def __init__(self) -> None:
        self.in_flight = 0
        self.queued = 0
        self.used = 0.0
        self.first_token = PeakAverage()
        self._first_tokens: deque[float] = deque(maxlen=_LAST)
        self.per_token = PeakAverage()
        self.output = Average()
        self.cached = Average()
        self.trust = Trust()
        self.breaker: Breaker | None = None
        self.quota: Quota | None = None
        self.quota_at = 0.0

    def slow_first_token(self) -> float | None:
        """The time to the first token that 19 of 20 answers keep, in seconds; None while few have come."""
        seen = sorted(self._first_tokens)
        return seen[len(seen) * 19 // 20] if len(seen) >= _ENOUGH else None

    @property
    def load(self) -> int:
        """Attempts in flight and requests that wait."""
        return self.in_flight + self.queued

    def begin(self, now: float) -> None:
        self.in_flight += 1
        self.used = now

    def end(self, ending: Ending, timeouts: Timeouts, now: float) -> None:
        self.in_flight -= 1
        if ending.quota is not None:
            self.quota, self.quota_at = ending.quota, now
        fault = ending.fault
        if fault is None:
            if ending.outcome == "ok":
                self._answered(ending, now)
            elif ending.outcome == "outrun":
                self.first_token.observe(ending.total, now)  # it would have taken longer
        elif fault != "request":
            self.first_token.observe(max(ending.total, timeouts.first_token), now)
            self.trust.observe(0.0, now)

    def _answered(self, ending: Ending, now: float) -> None:
        first, usage = ending.first_token, ending.usage
        if first is not None:
            self.first_token.observe(first, now)
            self._first_tokens.append(first)
        if usage is not None and usage.output > 0:
            self.output.observe(usage.output)
            self.per_token.observe((ending.total - (first or 0.0)) / usage.output, now)
        if usage is not None and usage.input > 0:
            self.cached.observe(min(usage.cached_input / usage.input, 1.0))
        self.trust.observe(1.0 if ending.confidence is None else ending.confidence, now)
