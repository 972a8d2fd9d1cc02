"""Prometheus metrics. Children are kept, so that a request costs no label look-up by name.

With several worker processes, ``PROMETHEUS_MULTIPROC_DIR`` (set by ``turnout serve`` before this module is imported)
makes the client keep its values in shared files, and any worker's ``/metrics`` adds them up.
"""

from __future__ import annotations

import os

import prometheus_client as prometheus
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from turnout.core import AttemptEnd, AttemptStart
from turnout.core.money import PICO_PER_USD

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class _AttemptChildren:
    """The children of one deployment of one model."""

    __slots__ = ("cached", "cost", "first_token", "input", "outcomes", "output", "reasoning", "seconds")

    def __init__(self, metrics: Metrics, model: str, deployment: str) -> None:
        self.outcomes = {
            outcome: metrics.attempts.labels(model, deployment, outcome)
            for outcome in ("ok", "failed", "cut", "client_gone")
        }
        self.seconds = metrics.attempt_seconds.labels(model, deployment)
        self.first_token = metrics.first_token_seconds.labels(model, deployment)
        self.input, self.output, self.cached, self.reasoning = (
            metrics.tokens.labels(model, deployment, kind) for kind in ("input", "output", "cached_input", "reasoning")
        )
        self.cost = metrics.cost.labels(model, deployment)


class Metrics:
    """Everything that ``/metrics`` shows. Models that don't exist are counted under the model ``""``."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        self.requests = self._counter("requests", "Requests by final HTTP status.", "dialect", "model", "status")
        self.request_seconds = self._histogram(
            "request_seconds", "From the last byte in to the last byte out.", "model"
        )
        self.in_flight = Gauge(
            "turnout_in_flight",
            "Requests being answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.attempts = self._counter("attempts", "Attempts by outcome.", "model", "deployment", "outcome")
        self.attempt_seconds = self._histogram("attempt_seconds", "An attempt's length.", "model", "deployment")
        self.first_token_seconds = self._histogram(
            "first_token_seconds", "From sending to the first piece of the answer.", "model", "deployment"
        )
        self.tokens = self._counter(
            "tokens", "Tokens; input includes cached, output includes reasoning.", "model", "deployment", "kind"
        )
        self.cost = self._counter("cost_usd", "What the tokens cost, in USD.", "model", "deployment")
        self._attempt_children: dict[tuple[str, str], _AttemptChildren] = {}
        self._request_children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"turnout_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(f"turnout_{name}", text, labels, buckets=_SECONDS, registry=self.registry)

    def attempt_began(self, start: AttemptStart) -> None:
        """Nothing to count before its end."""

    def attempt_ended(self, start: AttemptStart, end: AttemptEnd) -> None:
        key = (start.model, start.deployment)
        children = self._attempt_children.get(key)
        if children is None:
            children = self._attempt_children[key] = _AttemptChildren(self, *key)
        children.outcomes[end.outcome].inc()
        children.seconds.observe(end.total / 1e6)
        if end.first_token is not None:
            children.first_token.observe(end.first_token / 1e6)
        usage = end.usage
        if usage is not None:
            children.input.inc(usage.input)
            children.output.inc(usage.output)
            if usage.cached_input:
                children.cached.inc(usage.cached_input)
            if usage.reasoning:
                children.reasoning.inc(usage.reasoning)
        if end.cost:
            children.cost.inc(end.cost / PICO_PER_USD)

    def request_ended(self, dialect: str, model: str, status: int, seconds: float) -> None:
        key = (dialect, model, status)
        children = self._request_children.get(key)
        if children is None:
            children = (self.requests.labels(dialect, model, str(status)), self.request_seconds.labels(model))
            self._request_children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes, of all worker processes."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return prometheus.generate_latest(self.registry)
        everybody = prometheus.CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return prometheus.generate_latest(everybody)
