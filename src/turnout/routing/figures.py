"""The live figures of one deployment."""

from __future__ import annotations

from collections import deque

from turnout.core.quota import Quota

from .ending import Ending
from .health import Breaker
from .learned import LAST, Learned


class Figures:
    """Policies read it, and only the board writes it.

    ``in_flight`` are attempts that have begun and not ended, ``queued`` requests that wait for their turn. ``breaker``
    is None as long as nothing has failed. ``quota`` is what the provider said of its limits at ``quota_at``.
    """

    __slots__ = ("_endings", "_learned", "breaker", "in_flight", "queued", "quota", "quota_at", "used")

    def __init__(self) -> None:
        self.in_flight = 0
        self.queued = 0
        self.used = 0.0
        self.breaker: Breaker | None = None
        self.quota: Quota | None = None
        self.quota_at = 0.0
        self._learned = Learned()
        self._endings: deque[tuple[Ending, float, float]] = deque(maxlen=LAST)

    @property
    def learned(self) -> Learned:
        """What the attempts have taught. Where there is no choice nobody asks for it, so it is worked out here. Of the
        attempts that ended since it was asked for, the last ones count.
        """
        while self._endings:
            self._learned.observe(*self._endings.popleft())
        return self._learned

    @property
    def load(self) -> int:
        """Attempts in flight and requests that wait."""
        return self.in_flight + self.queued

    def begin(self, now: float) -> None:
        self.in_flight += 1
        self.used = now

    def end(self, ending: Ending, deadline: float, now: float) -> None:
        """``deadline`` is the deployment's for the first token, in seconds."""
        self.in_flight -= 1
        if ending.quota is not None:
            self.quota, self.quota_at = ending.quota, now
        self._endings.append((ending, deadline, now))
