"""Questions to the rollups, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from turnout.errors import InvalidRequest

from .dimensions import LATENCIES, PLAIN, SESSIONS, TAGS, Cube, Timing

Span = Literal["day", "hour"]
SPANS: Final = ("day", "hour")


class UsageQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the hours from ``begin`` to before ``end`` (Unix hours), by dimensions and at most one span.

    ``only`` has the value that a dimension must have. Of the rows, ``limit`` are given: the first ones in time, and
    those that cost most.
    """

    begin: int
    end: int
    by: tuple[str, ...] = ()
    span: Span | None = None
    only: Mapping[str, str] = {}
    limit: int = 1000


class UsageRow(msgspec.Struct, frozen=True):
    """``values`` are those of the question's dimensions, in its order. ``span`` is a Unix day or hour.

    ``sums`` are the measures.
    """

    values: tuple[str, ...]
    span: int | None
    sums: tuple[int, ...]


class LatencyRow(msgspec.Struct, frozen=True):
    """``count`` attempts took a time in the bucket ``bucket``."""

    values: tuple[str, ...]
    span: int | None
    timing: Timing
    bucket: int
    count: int


def cube_for(question: UsageQuestion) -> Cube:
    """The smallest cube that can answer. Raises ``InvalidRequest`` when none can."""
    needed = {*question.by, *question.only}
    for cube in (PLAIN, SESSIONS, TAGS):
        if needed <= {*cube.dimensions, cube.extra}:
            return cube
    raise InvalidRequest("Usage can be asked by session or by tag, not by both at once.", param="by")


def refuse_other_than_latencies(question: UsageQuestion) -> None:
    """Raises ``InvalidRequest`` for a dimension that the times are not kept by."""
    for name in (*question.by, *question.only):
        if name not in LATENCIES.dimensions:
            known = ", ".join(LATENCIES.dimensions)
            raise InvalidRequest(f"Times are not kept by {name}. They are kept by {known}.", param=name)
