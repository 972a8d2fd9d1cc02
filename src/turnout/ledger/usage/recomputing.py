"""Rates a period again. Every call raises ``StorageUnavailable``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from turnout.storage import LazyDatabase, Rate, RatedPeriod, Rerated

Progress = Callable[[int], None]
"""Is told how many attempts are done."""


class Difference(msgspec.Struct):
    """Of attempts with something used: costs in picodollars ``before`` and ``after``, and how many have changed.

    Of these, ``newly_priced`` had no cost before. ``unpriced`` ones still have none.
    """

    attempts: int = 0
    changed: int = 0
    newly_priced: int = 0
    unpriced: int = 0
    before: int = 0
    after: int = 0

    def add(self, rerated: Rerated) -> None:
        self.attempts += 1
        self.changed += rerated.before != rerated.after
        self.newly_priced += rerated.before is None and rerated.after is not None
        self.unpriced += rerated.after is None
        self.before += rerated.before or 0
        self.after += rerated.after or 0


class Recomputing:
    """The service may go on meanwhile. After a stop, the next run goes on with what wasn't rated."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def run(
        self, period: RatedPeriod, rate: Rate, *, dry_run: bool, progress: Progress = lambda done: None
    ) -> dict[str, Difference]:
        """By model, as clients named it. A dry run changes nothing."""
        rerating = await self._database.rerating()
        work = rerating.look if dry_run else rerating.rerate
        differences: dict[str, Difference] = {}
        batch = await work(period, None, rate)
        done = _add(differences, batch.attempts)
        while batch.following is not None:
            progress(done)
            batch = await work(period, batch.following, rate)
            done += _add(differences, batch.attempts)
        return differences


def _add(differences: dict[str, Difference], attempts: Sequence[Rerated]) -> int:
    for each in attempts:
        differences.setdefault(each.model, Difference()).add(each)
    return len(attempts)
