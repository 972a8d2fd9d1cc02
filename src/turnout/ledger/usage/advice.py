"""What would have cost less, from what was recorded. Each piece of advice has the figures that it stands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from turnout.core import Usage, with_extra
from turnout.core.usage import EXTRA_COUNTS
from turnout.storage import PIECES, TOKENS, Repeated, UsageRow

from .sums import Record, Sums, named_values, signed_usd

Pricing = Callable[[str, Usage], int | None]
"""The cost in picodollars of one request's usage at a deployment, by its price now; None where it isn't known."""

FEWEST: Final = 100
"""Attempts: with fewer, a rate of success says little."""

LEAST_SAVING: Final = 0.05
"""Of the cost: less isn't worth a change."""

CACHED_FROM: Final = 1024
"""Tokens: providers cache no shorter beginnings (OpenAI, "Prompt caching"; Anthropic's least is the same)."""


class _Saving(NamedTuple):
    picodollars: int
    record: Record


class Advice:
    """Collects advice from rows, and gives what saves most first."""

    def __init__(self, pricing: Pricing) -> None:
        self._pricing = pricing
        self._savings: list[_Saving] = []

    def given(self) -> list[Record]:
        self._savings.sort(key=lambda saving: -saving.picodollars)
        return [saving.record | {"saving_usd": signed_usd(saving.picodollars)} for saving in self._savings]

    def compare(self, rows: Sequence[UsageRow]) -> None:
        """``rows`` are by operation and deployment: is there another one with the same success, and cheaper?

        What the tokens would cost elsewhere goes by the price there of a request of mean size, and takes the other one
        to need as many.
        """
        by_operation: defaultdict[str, dict[str, Sums]] = defaultdict(dict)
        for row in rows:
            operation, deployment = row.values
            sums = Sums(row.sums)
            if sums.judged >= FEWEST:
                by_operation[operation][deployment] = sums
        for operation, deployments in by_operation.items():
            for deployment, sums in deployments.items():
                if sums.cost and not sums["unpriced"]:
                    self._compare(operation, deployment, sums, deployments)

    def _compare(self, operation: str, deployment: str, sums: Sums, others: dict[str, Sums]) -> None:
        as_good = [name for name, other in others.items() if name != deployment and _success(other) >= _success(sums)]
        metered = sums["attempts"] - sums["unmetered"]
        usage = _mean({name: sums[name] for name in (*TOKENS, *PIECES)}, metered)
        priced = [(cost * metered, name) for name in as_good if (cost := self._pricing(name, usage)) is not None]
        if not priced or (best := min(priced))[0] > sums.cost * (1 - LEAST_SAVING):
            return
        cost, instead = best
        record = {
            "kind": "cheaper_deployment",
            "operation": operation,
            "deployment": deployment,
            "instead": instead,
            "attempts": sums.judged,
            "success": round(_success(sums), 4),
            "instead_attempts": others[instead].judged,
            "instead_success": round(_success(others[instead]), 4),
            "cost_usd": signed_usd(sums.cost),
            "instead_cost_usd": signed_usd(cost),
        }
        self._savings.append(_Saving(sums.cost - cost, record))

    def miss_caches(self, rows: Sequence[UsageRow]) -> None:
        """``rows`` are by session and deployment: how much of each session's input could have come from a cache?

        A conversation that grows evenly over n requests sends (n-1)/(n+1) of its tokens again. What was read from a
        cache is taken off. Writing to a cache, where it costs extra, isn't.
        """
        missed: defaultdict[str, list[tuple[Sums, int]]] = defaultdict(list)
        for row in rows:
            session, deployment = row.values
            sums, requests = Sums(row.sums), Sums(row.sums)["ok"]
            if session and requests > 1 and sums["input"] >= requests * CACHED_FROM:
                repeated = sums["input"] * (requests - 1) // (requests + 1)
                missed[deployment].append((sums, max(repeated - sums["cached_input"], 0)))
        for deployment, sessions in missed.items():
            self._miss_caches(deployment, sessions)

    def _miss_caches(self, deployment: str, sessions: list[tuple[Sums, int]]) -> None:
        tokens, cost = sum(missed for _, missed in sessions), sum(sums.cost for sums, _ in sessions)
        requests = sum(sums["ok"] for sums, _ in sessions)
        each = tokens // requests
        plain = self._pricing(deployment, Usage(input=each))
        cached = self._pricing(deployment, Usage(input=each, cached_input=each))
        if plain is None or cached is None or (saving := (plain - cached) * requests) <= cost * LEAST_SAVING:
            return
        record = {
            "kind": "missed_prompt_cache",
            "deployment": deployment,
            "sessions": len(sessions),
            "requests": requests,
            "input": sum(sums["input"] for sums, _ in sessions),
            "cached_input": sum(sums["cached_input"] for sums, _ in sessions),
            "could_be_cached": tokens,
            "cost_usd": signed_usd(cost),
        }
        self._savings.append(_Saving(saving, record))

    def repeat(self, groups: Sequence[Repeated]) -> None:
        """Requests that look the same: an answer that is kept would have saved all but the first."""
        for group in groups:
            saving = group.cost * (group.count - 1) // group.count
            record = named_values(("key_id", "model", "operation"), (group.key_id, group.model, group.operation)) | {
                "kind": "repeated_question",
                "requests": group.count,
                "input": group.input,
                "cost_usd": signed_usd(group.cost),
            }
            if saving:
                self._savings.append(_Saving(saving, record))


def _success(sums: Sums) -> float:
    return sums["ok"] / sums.judged


def _mean(counts: Mapping[str, int], number: int) -> Usage:
    """What one of that many requests used, rounded up: long requests have a price of their own, so sums have none."""
    mean = {name: -(-count // number) for name, count in counts.items()}
    extra = {name: mean.pop(name) for name in EXTRA_COUNTS if name in mean}
    return with_extra(msgspec.convert(mean, Usage), **extra)
