"""Rates a period again. Every call raises ``StorageUnavailable``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from turnout.core import usd
from turnout.storage import AuditEntry, LazyDatabase, Rate, RatedBatch, RatedPeriod, Rerated

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
    """The service may go on meanwhile. After a stop, the next run goes on with what wasn't rated.

    The audit log says that ``who`` did it: an entry in the transaction of the first change, and one with the sums.
    """

    def __init__(self, database: LazyDatabase, who: str) -> None:
        self._database = database
        self._who = who

    async def run(
        self, period: RatedPeriod, rate: Rate, *, dry_run: bool, progress: Progress = lambda done: None
    ) -> dict[str, Difference]:
        """By model, as clients named it. A dry run changes nothing."""
        rerating = await self._database.rerating()
        differences: dict[str, Difference] = {}
        entry: AuditEntry | None = self._entry("recompute", period)

        async def work(after: tuple[int, str, str] | None) -> RatedBatch:
            return await (
                rerating.look(period, after, rate) if dry_run else rerating.rerate(period, after, rate, entry)
            )

        batch = await work(None)
        done = _add(differences, batch.attempts)
        while batch.following is not None:
            progress(done)
            if any(each.changed for each in differences.values()):
                entry = None
            batch = await work(batch.following)
            done += _add(differences, batch.attempts)
        if not dry_run:
            await self._record_sums(period, differences)
        return differences

    async def _record_sums(self, period: RatedPeriod, differences: Mapping[str, Difference]) -> None:
        changed = {model: each for model, each in differences.items() if each.changed}
        if not changed:
            return
        before = {model: usd(each.before) for model, each in changed.items()}
        after = {model: usd(each.after) for model, each in changed.items()}
        log = await self._database.audit()
        await log.add(self._entry("recomputed", period, _told({"usd": before}), _told({"usd": after})))

    def _entry(
        self, action: str, period: RatedPeriod, before: str | None = None, after: str | None = None
    ) -> AuditEntry:
        begin, end = (f"{datetime.fromtimestamp(edge / 10**6, UTC):%Y-%m-%dT%H:%MZ}" for edge in period[:2])
        subject = f"{begin}/{end}" + (f" {period.model}" if period.model else "")
        return AuditEntry(who=self._who, action=action, kind="prices", subject=subject, before=before, after=after)


def _add(differences: dict[str, Difference], attempts: Sequence[Rerated]) -> int:
    for each in attempts:
        differences.setdefault(each.model, Difference()).add(each)
    return len(attempts)


def _told(value: object) -> str:
    return msgspec.json.encode(value).decode()
