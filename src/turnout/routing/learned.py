"""What the attempts at one deployment have taught: averages, and the times to the last first tokens."""

from __future__ import annotations

from collections import deque

from .averages import Average, PeakAverage, Trust
from .ending import Ending

LAST = 128
_ENOUGH = 20
"""Answers of which the times to the first token are kept, and as many as are needed to tell a late one."""


class Learned:
    """``first_token`` is in seconds, ``per_token`` in seconds for each token of output. A failed attempt counts in the
    first as one that took as long as its deadline, so that quick refusals attract no requests. ``output`` is the number
    of tokens of an answer, ``cached`` the share of the input that was read from a cache. ``trust`` has the share of the
    attempts that answered well.
    """

    __slots__ = ("_first_tokens", "cached", "first_token", "output", "per_token", "trust")

    def __init__(self) -> None:
        self.first_token = PeakAverage()
        self.per_token = PeakAverage()
        self.output = Average()
        self.cached = Average()
        self.trust = Trust()
        self._first_tokens: deque[float] = deque(maxlen=LAST)

    def slow_first_token(self) -> float | None:
        """The time to the first token that 19 of 20 answers keep, in seconds; None while few have come."""
        seen = sorted(self._first_tokens)
        return seen[len(seen) * 19 // 20] if len(seen) >= _ENOUGH else None

    def observe(self, ending: Ending, deadline: float, now: float) -> None:
        """An attempt ended at ``now``. ``deadline`` is the deployment's for the first token, in seconds."""
        fault = ending.fault
        if fault is None:
            if ending.outcome == "ok":
                self._answered(ending, now)
            elif ending.outcome == "outrun":
                self.first_token.observe(ending.total, now)  # it would have taken longer
        elif fault != "request":
            self.first_token.observe(max(ending.total, deadline), now)
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
