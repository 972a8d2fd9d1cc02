"""How deployments answered: times and errors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from turnout.storage import FAULTS, LatencyRow, UsageQuestion, UsageRow, percentiles

from .sums import Record, Sums, named_span, named_values

SHARES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Place = tuple[tuple[str, ...], int | None]


def performance(question: UsageQuestion, rows: Sequence[UsageRow], latencies: Sequence[LatencyRow]) -> list[Record]:
    """For each row: attempts, the share of them by who was at fault, and seconds.

    ``total`` is of attempts that answered, ``first_token`` of streams. A percentile is None without any.
    """
    buckets: defaultdict[tuple[Place, str], list[tuple[int, int]]] = defaultdict(list)
    for each in latencies:
        buckets[(each.values, each.span), each.timing].append((each.bucket, each.count))
    return [
        named_values(question.by, row.values)
        | named_span(question.span, row.span)
        | _rates(Sums(row.sums))
        | {timing: _seconds(buckets[(row.values, row.span), timing]) for timing in ("first_token", "total")}
        for row in rows
    ]


def _rates(sums: Sums) -> Record:
    attempts = sums["attempts"]
    return {
        "attempts": attempts,
        "ok": sums["ok"],
        "error_rate": {fault: round(sums[f"fault_{fault}"] / attempts, 6) for fault in FAULTS},
    }


def _seconds(buckets: Sequence[tuple[int, int]]) -> Record:
    """Three digits: more would promise more than a bucket knows."""
    found = [float(f"{value / 1e6:.3g}") for value in percentiles(buckets, tuple(SHARES.values()))]
    shown = dict(zip(SHARES, found, strict=True)) if found else dict.fromkeys(SHARES)
    return {**shown, "count": sum(count for _, count in buckets)}
