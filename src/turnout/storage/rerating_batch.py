"""What is asked of a new rating, and what came of it, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from turnout.core import EndedAttempt


class Rated(NamedTuple):
    """A cost in picodollars, and the version of the price that it is by."""

    cost: int
    version: str


Rate = Callable[[EndedAttempt], Rated | None]
"""What an attempt costs by the prices that are asked for. None: it keeps the rating that it has."""


class RatedPeriod(NamedTuple):
    """Attempts that began from ``begin`` to before ``end`` (Unix microseconds), of one model or of all."""

    begin: int
    end: int
    model: str | None = None


class Rerated(NamedTuple):
    """An attempt with something used: its cost before and after in picodollars, None if it isn't known."""

    model: str
    before: int | None
    after: int | None


class RatedBatch(NamedTuple):
    """``following`` is where the next batch begins; None at the end."""

    attempts: Sequence[Rerated]
    following: tuple[int, str, str] | None
