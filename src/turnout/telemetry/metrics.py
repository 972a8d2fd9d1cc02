"""Counts what ``/metrics`` shows. Each count costs an addition.

``prometheus_client``'s counters lock and look up at every increment, and a request makes a dozen increments. Here plain
numbers are added up (``Tally``), and only a scrape turns them into text (``exposition.py``). With several worker
processes, each one keeps a copy of its tally in a file, and a scrape of any worker adds up all copies (``shared.py``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from turnout.core import AttemptEnd, AttemptStart

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


MAX_SERIES = 10_000
"""The most series of attempts, and of requests. Each has labels of its own."""

MAX_PROVIDER_NAME_CHARACTERS = 400_000
"""The most characters of names like ``openai/gpt-4o`` in the labels. Clients may ask for new such names without end."""

MAX_GAUGES = 1_000
"""The most limits and budgets that refusals are counted of."""

OTHERS = "(others)"
"""The label of all series beyond these limits."""

NOT_COUNTED = "(not counted)"
"""The label of requests that were refused because the store of limits and budgets was dead."""


class Timing(msgspec.Struct):
    """A histogram: a count for each bound of ``SECONDS`` and one for longer times; the sum in seconds."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    total: float = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds

    def add(self, other: Timing) -> None:
        self.counts = [own + added for own, added in zip(self.counts, other.counts, strict=True)]
        self.total += other.total


class AttemptTally(msgspec.Struct):
    """One model's attempts at one deployment with one outcome.

    ``cost`` is in picodollars. ``unpriced`` attempts have used something whose price isn't known.
    """

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
    unpriced: int = 0

    def add(self, other: AttemptTally) -> None:
        self.seconds.add(other.seconds)
        self.first_token.add(other.first_token)
        for name in ("input", "output", "cached_input", "reasoning", "cost", "unpriced"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class RequestTally(msgspec.Struct):
    """Requests of one dialect for one model that ended with one status."""

    dialect: str
    model: str
    status: int
    seconds: Timing = msgspec.field(default_factory=Timing)


class MarkTally(msgspec.Struct):
    """A deployment that an admin has marked: ``open``, ``closed`` or ``draining``, ``since`` a Unix time in seconds.

    ``under_way`` counts the requests there of those ``processes`` that know of the mark.
    """

    state: str
    since: int
    under_way: int
    processes: int = 1

    def add(self, other: MarkTally) -> None:
        """Another process may not know the newest mark yet: then it isn't counted."""
        if (other.state, other.since) == (self.state, self.since):
            self.under_way += other.under_way
            self.processes += other.processes

    def told(self, processes: int) -> str:
        """The state. What drains is ``drained`` as soon as all ``processes`` know it and none has anything there."""
        is_drained = self.state == "draining" and self.processes == processes and not self.under_way
        return "drained" if is_drained else self.state


class CacheTally(msgspec.Struct):
    """Requests by what became of them: ``hit``, ``miss``, ``bypass``. ``saved`` is in picodollars.

    ``entries`` and ``bytes`` are those of the memory now.
    """

    requests: dict[str, int] = {}
    saved: int = 0
    entries: int = 0
    bytes: int = 0

    def add(self, other: CacheTally) -> None:
        for result, number in other.requests.items():
            self.requests[result] = self.requests.get(result, 0) + number
        self.saved += other.saved
        self.entries += other.entries
        self.bytes += other.bytes


_COUNTS: Final = ("refused", "limited", "budget_alerts", "breakers", "seams", "left_out")
"""The fields of a tally that only count something."""


class Tally(msgspec.Struct):
    """The counts of one process, or of all of them. A key holds the values of the labels."""

    attempts: dict[tuple[str, str, str], AttemptTally] = {}
    requests: dict[tuple[str, str, int], RequestTally] = {}
    in_flight: int = 0
    refused: dict[str, int] = {}
    limited: dict[str, int] = {}  # by the limit or budget that had no room
    budget_alerts: dict[tuple[str, int], int] = {}  # by budget and share in per cent
    breakers: dict[tuple[str, str], int] = {}  # processes, by deployment and state; closed ones are left out
    seams: dict[tuple[str, str, str], int] = {}  # by model, the deployment that went on, and how
    left_out: dict[tuple[str, str], int] = {}  # events of streams, by model and deployment
    marks: dict[str, MarkTally] = {}  # by deployment
    processes: int = 1  # that are alive
    cache: CacheTally = msgspec.field(default_factory=CacheTally)

    def add(self, other: Tally) -> None:
        for labels, attempt in other.attempts.items():
            self.attempts.setdefault(labels, AttemptTally(*labels)).add(attempt)
        for key, request in other.requests.items():
            self.requests.setdefault(key, RequestTally(*key)).seconds.add(request.seconds)
        self.in_flight += other.in_flight
        for name in _COUNTS:
            own: dict[Any, int] = getattr(self, name)
            for place, number in getattr(other, name).items():
                own[place] = own.get(place, 0) + number
        self.processes += other.processes
        self.cache.add(other.cache)
        for deployment, mark in other.marks.items():
            if deployment in self.marks:
                self.marks[deployment].add(mark)


class _SeriesLimit:
    """Limits how many series there are, and how long providers' names in their labels are together."""

    def __init__(self) -> None:
        self._series = 0
        self._characters = 0  # of providers' names

    def admit(self, model: str) -> bool:
        """Returns whether there is room for one more series, and counts it."""
        size = len(model) if "/" in model else 0
        if self._series >= MAX_SERIES or (size and self._characters + size > MAX_PROVIDER_NAME_CHARACTERS):
            return False
        self._series += 1
        self._characters += size
        return True


class Metrics:
    """Counts into this process's tally. ``troubled`` gives the state of each deployment whose breaker isn't closed.

    ``marks`` gives those that an admin has marked by hand; whoever knows them sets it. ``cache_sizes`` is
    set alike: the number of answers in memory, and their bytes.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self.troubled: Callable[[], Mapping[str, str]] = dict
        self.marks: Callable[[], dict[str, MarkTally]] = dict
        self.cache_sizes: Callable[[], tuple[int | None, int | None]] = lambda: (0, 0)
        self._attempt_limit = _SeriesLimit()
        self._request_limit = _SeriesLimit()

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd, left_out: int = 0) -> None:
        labels = (start.model, start.deployment, end.outcome)
        tally = self.tally.attempts.get(labels) or self._new_attempts(labels)
        tally.seconds.observe(end.total / 1e6)
        if end.first_token is not None:
            tally.first_token.observe(end.first_token / 1e6)
        usage = end.usage
        if usage is not None:
            tally.input += usage.input
            tally.output += usage.output
            tally.cached_input += usage.cached_input
            tally.reasoning += usage.reasoning
            if end.cost is None:
                tally.unpriced += 1
            else:
                tally.cost += end.cost
        if start.seam is not None and end.outcome != "failed":
            seam = (tally.model, tally.deployment, start.seam)
            self.tally.seams[seam] = self.tally.seams.get(seam, 0) + 1
        if left_out:
            place = (tally.model, tally.deployment)
            self.tally.left_out[place] = self.tally.left_out.get(place, 0) + left_out

    def cache(self, result: str, saved: int = 0) -> None:
        """Counts a request that passed a cache. ``saved``: picodollars."""
        cache = self.tally.cache
        cache.requests[result] = cache.requests.get(result, 0) + 1
        cache.saved += saved

    def take_states(self) -> None:
        """Puts the states of this moment into the tally: those of the deployments, and how full the cache is."""
        entries, size = self.cache_sizes()
        self.tally.cache.entries, self.tally.cache.bytes = entries or 0, size or 0
        self.tally.breakers = dict.fromkeys(self.troubled().items(), 1)
        self.tally.marks = self.marks()

    def success(self, model: str, deployment: str) -> float:
        """The share of successful attempts that this process has counted there; 1 when it has counted none."""
        ok, failed = [self._attempts_with(model, deployment, outcomes) for outcomes in (("ok",), ("failed", "cut"))]
        return ok / (ok + failed) if ok + failed else 1.0

    def _attempts_with(self, model: str, deployment: str, outcomes: Sequence[str]) -> int:
        tallies = [self.tally.attempts.get((model, deployment, outcome)) for outcome in outcomes]
        return sum(sum(tally.seconds.counts) for tally in tallies if tally)

    def request_ended(self, dialect: str, model: str, status: int, seconds: float) -> None:
        labels = (dialect, model, status)
        tally = self.tally.requests.get(labels) or self._new_requests(labels)
        tally.seconds.observe(seconds)

    def refused(self, reason: str) -> None:
        """Counts a request that was refused. ``reason`` is one of a few constants."""
        self.tally.refused[reason] = self.tally.refused.get(reason, 0) + 1

    def limited(self, gauge: str) -> None:
        """Counts a request for which the limit or budget of this id had no room. Empty: none could be counted."""
        limited = self.tally.limited
        name = gauge or NOT_COUNTED
        if name not in limited and len(limited) >= MAX_GAUGES:
            name = OTHERS
        limited[name] = limited.get(name, 0) + 1

    def budget_alert(self, gauge: str, share: int) -> None:
        """Counts a budget that is now spent to that ``share`` in per cent."""
        alerts = self.tally.budget_alerts
        place = (gauge, share)
        if place not in alerts and len(alerts) >= MAX_GAUGES:
            place = (OTHERS, share)
        alerts[place] = alerts.get(place, 0) + 1

    def _new_attempts(self, labels: tuple[str, str, str]) -> AttemptTally:
        if not self._attempt_limit.admit(labels[0]):
            labels = (OTHERS, OTHERS, labels[2])
        return self.tally.attempts.setdefault(labels, AttemptTally(*labels))

    def _new_requests(self, labels: tuple[str, str, int]) -> RequestTally:
        if not self._request_limit.admit(labels[1]):
            labels = (labels[0], OTHERS, labels[2])
        return self.tally.requests.setdefault(labels, RequestTally(*labels))
