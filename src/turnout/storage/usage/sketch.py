"""Durations in buckets that grow by a tenth: a sketch whose merging is a sum (after DDSketch, arXiv 1908.10693)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, log
from typing import Final

GROWTH: Final = 1.1

RELATIVE_ERROR: Final = (GROWTH - 1) / (GROWTH + 1)
"""A percentile is off by less than 4.8 % of itself."""

_LOG_GROWTH: Final = log(GROWTH)


def bucket_of(microseconds: int) -> int:
    """Bucket n holds what is above ``GROWTH``ⁿ⁻¹ and at most ``GROWTH``ⁿ. All below a microsecond is in bucket 0."""
    return ceil(log(microseconds) / _LOG_GROWTH) if microseconds > 1 else 0


def value_of(bucket: int) -> float:
    """Microseconds: the value that is at most ``RELATIVE_ERROR`` away from all that the bucket holds."""
    return float(2 * GROWTH**bucket / (GROWTH + 1))


def percentiles(buckets: Iterable[tuple[int, int]], shares: Sequence[float]) -> list[float]:
    """Microseconds at ``shares`` (ascending, 0 to 1) of all that the buckets count: pairs of bucket and count.

    Without any, the list is empty.
    """
    counted = sorted(buckets)
    total = sum(count for _, count in counted)
    found: list[float] = []
    passed = 0
    for bucket, count in counted:
        passed += count
        while len(found) < len(shares) and passed >= max(shares[len(found)] * total, 1):
            found.append(value_of(bucket))
    return found
