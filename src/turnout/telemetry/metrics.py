"""What ``/metrics`` shows, counted at the price of an addition.

``prometheus_client``'s counters lock and look up at every increment; a request makes a dozen of them. Here plain
numbers are added up (``Tally``), and only a scrape turns them into text (``exposition.py``). With several worker
processes each keeps a copy of its tally in a file, and a scrape of any of them adds all up (``shared.py``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from turnout.core import AttemptEnd, AttemptStart

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


MOST = 10_000
"""How many models' attempts, and requests, are told apart."""

MOST_OF_PROVIDERS_NAMES = 400_000
"""Characters of providers' own names (``openai/gpt-4o``) among them: any client may ask for new ones without end."""

OTHERS = "(others)"
"""The model of all that came after them."""


class Timing(msgspec.Struct):
    """A histogram: how many fell under each bound of ``SECONDS`` (and above the last), and their sum."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def add(self, other: Timing) -> None:
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


class AttemptTally(msgspec.Struct):
    """One model's attempts at one deployment with one outcome. ``cost`` is in picodollars."""

    model: str
    deployment: str
    outcome: str
    seconds: Timing = msgspec.field(default_factory=Timing)
    first_token: Timing = msgspec.field(default_factory=Timing)
    input: int = 0
    output: int = 0
    cached_input: int = 0
    reasoning: int = 0
    cost: int = 0

    def add(self, other: AttemptTally) -> None:
        self.seconds.add(other.seconds)
        self.first_token.add(other.first_token)
        for name in ("input", "output", "cached_input", "reasoning", "cost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class RequestTally(msgspec.Struct):
    """Requests of one dialect for one model that ended with one status."""

    dialect: str
    model: str
    status: int
    seconds: Timing = msgspec.field(default_factory=Timing)


class Tally(msgspec.Struct):
    """All that one process, or all of them, has counted."""

    attempts: dict[tuple[str, str, str], AttemptTally] = {}
    requests: dict[tuple[str, str, int], RequestTally] = {}
    in_flight: int = 0
    refused: dict[str, int] = {}

    def add(self, other: Tally) -> None:
        for place, attempt in other.attempts.items():
            mine = self.attempts.setdefault(place, AttemptTally(*place))
            mine.add(attempt)
        for key, request in other.requests.items():
            self.requests.setdefault(key, RequestTally(*key)).seconds.add(request.seconds)
        self.in_flight += other.in_flight
        for reason, number in other.refused.items():
            self.refused[reason] = self.refused.get(reason, 0) + number


class _Places:
    """What is told apart, as long as there is room."""

    def __init__(self) -> None:
        self._taken = 0
        self._characters = 0  # of providers' names

    def take(self, model: str) -> bool:
        size = len(model) if "/" in model else 0
        if self._taken >= MOST or (size and self._characters + size > MOST_OF_PROVIDERS_NAMES):
            return False
        self._taken += 1
        self._characters += size
        return True


class Metrics:
    """This process's tally, and how to show one."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._attempted = _Places()
        self._requested = _Places()

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd) -> None:
        name = (start.model, start.deployment, end.outcome)
        tally = self.tally.attempts.get(name) or self._new_attempts(name)
        tally.seconds.observe(end.total / 1e6)
        if end.first_token is not None:
            tally.first_token.observe(end.first_token / 1e6)
        usage = end.usage
        if usage is not None:
            tally.input += usage.input
            tally.output += usage.output
            tally.cached_input += usage.cached_input
            tally.reasoning += usage.reasoning
        if end.cost is not None:
            tally.cost += end.cost

    def success(self, model: str, deployment: str) -> float:
        """The share of the attempts there that went well, as far as this process knows; 1 when it knows of none."""
        ok, failed = [self._attempts_with(model, deployment, outcomes) for outcomes in (("ok",), ("failed", "cut"))]
        return ok / (ok + failed) if ok + failed else 1.0

    def _attempts_with(self, model: str, deployment: str, outcomes: Sequence[str]) -> int:
        tallies = [self.tally.attempts.get((model, deployment, outcome)) for outcome in outcomes]
        return sum(sum(tally.seconds.counts) for tally in tallies if tally)

    def request_ended(self, dialect: str, model: str, status: int, seconds: float) -> None:
        name = (dialect, model, status)
        tally = self.tally.requests.get(name) or self._new_requests(name)
        tally.seconds.observe(seconds)

    def refused(self, reason: str) -> None:
        """Who asked wasn't let in. Reasons are few, and our own words."""
        self.tally.refused[reason] = self.tally.refused.get(reason, 0) + 1

    def _new_attempts(self, name: tuple[str, str, str]) -> AttemptTally:
        if not self._attempted.take(name[0]):
            name = (OTHERS, OTHERS, name[2])
        return self.tally.attempts.setdefault(name, AttemptTally(*name))

    def _new_requests(self, name: tuple[str, str, int]) -> RequestTally:
        if not self._requested.take(name[1]):
            name = (name[0], OTHERS, name[2])
        return self.tally.requests.setdefault(name, RequestTally(*name))
