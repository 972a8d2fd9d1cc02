"""Running figures of a deployment. The time of each observation is handed in, in seconds."""

from __future__ import annotations

import math

_LEARNING = 0.1
_LASTING = 0.5 ** (1 / 1000)
_HALF_LIFE = 900.0  # seconds


class PeakAverage:
    """An average that a slow observation lifts at once, and that falls over time: the longer ago, the less it counts.

    So a deployment that was slow is left alone for a while, and then tried again. After Finagle's peak EWMA:
    https://twitter.github.io/finagle/guide/ApertureLoadBalancers.html
    https://github.com/twitter/finagle/blob/develop/finagle-core/src/main/scala/com/twitter/finagle/loadbalancer/PeakEwma.scala
    """

    __slots__ = ("_at", "_fading", "_value")

    def __init__(self, fading: float = 10.0) -> None:
        """After ``fading`` seconds without an observation, 1/e of the average is left."""
        self._fading = fading
        self._value = -1.0
        self._at = 0.0

    def observe(self, value: float, now: float) -> None:
        if value >= self._value:
            self._value = value
        else:
            kept = math.exp((self._at - now) / self._fading)
            self._value = self._value * kept + value * (1 - kept)
        self._at = now

    def at(self, now: float) -> float | None:
        """None before the first observation."""
        return self._value * math.exp((self._at - now) / self._fading) if self._value >= 0 else None


class Average:
    """The mean of the last observations, of which the newest count most. None before the first one."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None

    def observe(self, value: float) -> None:
        self.value = value if self.value is None else self.value + _LEARNING * (value - self.value)


class Trust:
    """How often a deployment answers well: a Beta distribution, of which old observations count less and less.

    An observation fades with those that follow it, and with time: so a deployment that failed is tried again one day,
    also when nobody asks it in between.
    """

    __slots__ = ("_at", "_bad", "_good")

    def __init__(self) -> None:
        self._good = 0.0
        self._bad = 0.0
        self._at = 0.0

    def observe(self, share: float, now: float) -> None:
        """``share`` is from 0, a failure, to 1, an answer that is surely right."""
        kept = _LASTING * 2.0 ** ((self._at - now) / _HALF_LIFE)
        self._good = self._good * kept + share
        self._bad = self._bad * kept + 1 - share
        self._at = now

    def at(self, now: float) -> tuple[float, float]:
        """The two parameters of the distribution; 1 and 1 where nothing is known."""
        kept = 2.0 ** ((self._at - now) / _HALF_LIFE)
        return 1 + self._good * kept, 1 + self._bad * kept
