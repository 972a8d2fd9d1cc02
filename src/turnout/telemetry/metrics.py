"""What ``/metrics`` shows, counted at the price of an addition.

``prometheus_client``'s own counters lock and look up at every increment; a request makes a dozen of them. Here plain
numbers are added up (``Tally``), and only a scrape turns them into Prometheus' families. With several worker
processes each keeps a copy of its tally in a file, and a scrape of any of them adds all up (``shared.py``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from turnout.core import AttemptEnd, AttemptStart
from turnout.core.money import PICO_PER_USD

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


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

    def add(self, other: Tally) -> None:
        for place, attempt in other.attempts.items():
            mine = self.attempts.setdefault(place, AttemptTally(*place))
            mine.add(attempt)
        for key, request in other.requests.items():
            self.requests.setdefault(key, RequestTally(*key)).seconds.add(request.seconds)
        self.in_flight += other.in_flight


class Metrics:
    """This process's tally, and how to show one."""

    def __init__(self) -> None:
        self.tally = Tally()

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd) -> None:
        name = (start.model, start.deployment, end.outcome)
        tally = self.tally.attempts.get(name)
        if tally is None:
            tally = self.tally.attempts[name] = AttemptTally(start.model, start.deployment, end.outcome)
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

    def request_ended(self, dialect: str, model: str, status: int, seconds: float) -> None:
        name = (dialect, model, status)
        tally = self.tally.requests.get(name)
        if tally is None:
            tally = self.tally.requests[name] = RequestTally(dialect, model, status)
        tally.seconds.observe(seconds)


def exposition(tally: Tally) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry()
    registry.register(_Families(tally))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        in_flight = GaugeMetricFamily("turnout_in_flight", "Requests being answered.")
        in_flight.add_metric([], self._tally.in_flight)
        yield in_flight
        yield from self._requests()
        yield from self._attempts()
        yield from self._tokens()

    def _requests(self) -> Iterator[Metric]:
        labels = ["dialect", "model", "status"]
        family = HistogramMetricFamily(
            "turnout_request_seconds", "From the request's last byte to the reply's last byte.", labels=labels
        )
        for request in self._tally.requests.values():
            _add_timing(family, [request.dialect, request.model, str(request.status)], request.seconds)
        yield family

    def _attempts(self) -> Iterator[Metric]:
        labels = ["model", "deployment", "outcome"]
        seconds = HistogramMetricFamily("turnout_attempt_seconds", "How long an attempt took.", labels=labels)
        first = HistogramMetricFamily(
            "turnout_first_token_seconds", "From sending to the first piece of the answer.", labels=labels
        )
        for attempt in self._tally.attempts.values():
            values = [attempt.model, attempt.deployment, attempt.outcome]
            _add_timing(seconds, values, attempt.seconds)
            _add_timing(first, values, attempt.first_token)
        yield seconds
        yield first

    def _tokens(self) -> Iterator[Metric]:
        tokens = CounterMetricFamily(
            "turnout_tokens",
            "Tokens; input includes cached_input, output includes reasoning.",
            labels=["model", "deployment", "outcome", "kind"],
        )
        cost = CounterMetricFamily(
            "turnout_cost_usd", "What the tokens cost.", labels=["model", "deployment", "outcome"]
        )
        for attempt in self._tally.attempts.values():
            values = [attempt.model, attempt.deployment, attempt.outcome]
            for kind in ("input", "output", "cached_input", "reasoning"):
                tokens.add_metric([*values, kind], getattr(attempt, kind))
            cost.add_metric(values, attempt.cost / PICO_PER_USD)
        yield tokens
        yield cost


def _add_timing(family: HistogramMetricFamily, labels: list[str], timing: Timing) -> None:
    buckets, below = [], 0
    for bound, count in zip([*map(str, SECONDS), "+Inf"], timing.counts, strict=True):
        below += count
        buckets.append((bound, below))
    family.add_metric(labels, buckets, timing.total)
