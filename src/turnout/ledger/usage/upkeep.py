"""Keeps the rollups right and the attempts few. Every call raises ``StorageUnavailable``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from turnout.storage import LazyDatabase
from turnout.telemetry import Condition

HOURS_A_DAY: Final = 24
INTERVAL: Final = 600.0
"""Seconds between two looks for old attempts."""

_SECONDS_A_DAY: Final = 86_400

_log = logging.getLogger("turnout.ledger")

Progress = Callable[[int, int], None]
"""Is told how many hours and days of how many are done."""


class Compared(msgspec.Struct, frozen=True):
    """``wrong_hours`` and ``wrong_days`` (Unix hours and days) have ``differences`` cells that aren't their sums."""

    hours: int
    days: int
    wrong_hours: list[int]
    wrong_days: list[int]
    differences: int


class Upkeep:
    """Compares the rollups with the attempts, or makes them again. The service may go on meanwhile."""

    def __init__(self, database: LazyDatabase) -> None:
        self._database = database

    async def verify(self, progress: Progress) -> Compared:
        remaking = await self._database.remaking()
        hours, days = await remaking.hours(), await remaking.days()
        of_hours: dict[int, int] = {}
        of_days: dict[int, int] = {}
        for done, hour in enumerate(hours):
            progress(done, len(hours) + len(days))
            of_hours[hour] = await remaking.differences(hour)
        for done, day in enumerate(days, start=len(hours)):
            progress(done, len(hours) + len(days))
            of_days[day] = await remaking.day_differences(day)
        return Compared(
            hours=len(hours),
            days=len(days),
            wrong_hours=[hour for hour, count in of_hours.items() if count],
            wrong_days=[day for day, count in of_days.items() if count],
            differences=sum(of_hours.values()) + sum(of_days.values()),
        )

    async def rebuild(self, progress: Progress) -> int:
        """Returns the number of hours made again."""
        remaking = await self._database.remaking()
        hours = await remaking.hours()
        for done, hour in enumerate(hours):
            progress(done, len(hours))
            await remaking.remake(hour)
        for day in await remaking.days():
            await remaking.remake_day(day)
        return len(hours)


class Retention:
    """Removes attempts that began more than ``keep_days`` days ago. A day goes as a whole, in UTC."""

    def __init__(self, database: LazyDatabase, keep_days: int, clock: Callable[[], float] = time.time) -> None:
        self.condition = Condition("The ledger's retention", "Old attempts stay until this is mended.")
        self.removed = 0
        self._database = database
        self._keep_days = keep_days
        self._clock = clock

    async def remove_old(self) -> None:
        first_kept = (int(self._clock() // _SECONDS_A_DAY) - self._keep_days) * HOURS_A_DAY
        retention = await self._database.retention()
        await retention.begin(first_kept)
        removed = 0
        while count := await retention.remove_some(first_kept):
            removed += count
        while await retention.remove_ratings(first_kept):
            pass
        self.removed += removed
        if removed:
            _log.info("Removed %d attempts that began more than %d days ago.", removed, self._keep_days)
