"""What a replay found, as data and for people."""

from __future__ import annotations

from typing import Final

import msgspec

from turnout.cli.tables import console_for_tables, new_table
from turnout.cli.terminal import without_controls
from turnout.core import usd

from .history import MOST_REQUESTS, Recorded

UNKNOWN: Final = (
    "The ledger keeps no bodies. So this can't know of images, tools, sessions, tags and caches, nor of a longest "
    "answer that a client allowed.",
    "An answer is taken to have as many tokens elsewhere, none of them from a cache, and every deployment to answer.",
    "Times elsewhere are those that the ledger has of the same provider and upstream model. Without any, they are "
    "unknown.",
)


class Move(msgspec.Struct, kw_only=True):
    """Requests for ``model`` that went to ``origin`` first and would go to ``target``.

    Costs and times only count requests for which both sides are known: ``priced`` and ``timed`` of them. Costs are in
    picodollars, times in seconds.
    """

    model: str
    origin: str
    target: str
    requests: int = 0
    priced: int = 0
    cost_before: int = 0
    cost_then: int = 0
    timed: int = 0
    seconds_before: float = 0.0
    seconds_then: float = 0.0


class NotRouted(msgspec.Struct, kw_only=True):
    model: str
    reason: str
    requests: int = 0


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """``same`` requests would have gone where they went. ``unknown`` says what a replay can't know."""

    hours: float
    requests: int
    same: int
    elsewhere: tuple[Move, ...]
    not_routed: tuple[NotRouted, ...]
    is_cut: bool
    unknown: tuple[str, ...] = UNKNOWN


class Tally:
    def __init__(self) -> None:
        self._requests = 0
        self._same = 0
        self._moves: dict[tuple[str, str, str], Move] = {}
        self._not_routed: dict[tuple[str, str], NotRouted] = {}

    def same(self, recorded: Recorded) -> None:
        self._requests += 1
        self._same += 1

    def not_routed(self, recorded: Recorded, reason: str) -> None:
        self._requests += 1
        key = recorded.model, reason
        self._not_routed.setdefault(key, NotRouted(model=recorded.model, reason=reason)).requests += 1

    def elsewhere(self, recorded: Recorded, target: str, cost: int | None, seconds: float | None) -> None:
        self._requests += 1
        key = recorded.model, recorded.deployment, target
        move = self._moves.setdefault(key, Move(model=recorded.model, origin=recorded.deployment, target=target))
        move.requests += 1
        if cost is not None and recorded.cost is not None:
            move.priced += 1
            move.cost_before += recorded.cost
            move.cost_then += cost
        if seconds is not None:
            move.timed += 1
            move.seconds_before += recorded.ended - recorded.began
            move.seconds_then += seconds

    def report(self, hours: float, *, is_cut: bool) -> Replayed:
        return Replayed(
            hours=hours,
            requests=self._requests,
            same=self._same,
            elsewhere=tuple(sorted(self._moves.values(), key=lambda move: -move.requests)),
            not_routed=tuple(sorted(self._not_routed.values(), key=lambda each: -each.requests)),
            is_cut=is_cut,
        )


def print_report(report: Replayed) -> None:
    console = console_for_tables()
    moved = sum(move.requests for move in report.elsewhere)
    lost = sum(each.requests for each in report.not_routed)
    console.print(
        f"{report.requests:,} requests of the last {report.hours:g} h: {report.same:,} would go where they went, "
        f"{moved:,} elsewhere, {lost:,} nowhere."
    )
    if report.is_cut:
        console.print(f"There were more: these are the first {MOST_REQUESTS:,}. Replay a shorter time.")
    if report.elsewhere:
        table = new_table("Model", "Went to", "Would go to", right=("Requests", "Cost", "Then", "Mean time", "Then"))
        for move in report.elsewhere:
            cells = move.model, move.origin, move.target, f"{move.requests:,}", *_costs(move), *_times(move)
            table.add_row(*map(without_controls, cells))
        console.print(table)
    for each in report.not_routed:
        console.print(without_controls(f"{each.requests:,} for {each.model} nowhere: {each.reason}"))
    for line in report.unknown:
        console.print(line)


def _costs(move: Move) -> tuple[str, str]:
    if not move.priced:
        return "?", "?"
    of = "" if move.priced == move.requests else f" ({move.priced:,})"
    return f"${usd(move.cost_before)}{of}", f"${usd(move.cost_then)}{of}"


def _times(move: Move) -> tuple[str, str]:
    if not move.timed:
        return "?", "?"
    return f"{move.seconds_before / move.timed:.2f} s", f"{move.seconds_then / move.timed:.2f} s"
