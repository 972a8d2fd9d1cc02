"""The period that a question is about, read from the query: Unix hours, in UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from turnout.errors import InvalidRequest

HOUR: Final = 3600
DEFAULT_DAYS: Final = 30
_FIRST_YEAR, _LAST_YEAR = 1971, 9000

Calendar = Literal["day", "week", "month"]


class Period(NamedTuple):
    """From ``begin`` to before ``end``."""

    begin: int
    end: int


def this_hour() -> int:
    return int(time.time()) // HOUR


def period_of(begin: str | None, end: str | None, names: tuple[str, str] = ("from", "to")) -> Period:
    """Without an end, up to now; without a beginning, the 30 days up to the end. Raises ``InvalidRequest``.

    A date is a whole day: the period begins at its start, or ends at its end. A time begins and ends the hour it is in.
    """
    last = this_hour() + 1 if end is None else _hour(end, names[1], is_end=True)
    first = last - DEFAULT_DAYS * 24 if begin is None else _hour(begin, names[0], is_end=False)
    if first >= last:
        raise InvalidRequest(
            f"The period ends before it begins: '{names[0]}' is not before '{names[1]}'.", param=names[0]
        )
    return Period(first, last)


def present(calendar: Calendar, now: datetime) -> Period:
    """The day, the week (from Monday) or the month of ``now``, which is in UTC."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if calendar == "day":
        return _between(today, today + timedelta(days=1))
    if calendar == "week":
        monday = today - timedelta(days=today.weekday())
        return _between(monday, monday + timedelta(days=7))
    first = today.replace(day=1)
    return _between(first, (first + timedelta(days=32)).replace(day=1))


def _between(begin: datetime, end: datetime) -> Period:
    return Period(int(begin.timestamp()) // HOUR, int(end.timestamp()) // HOUR)


def _hour(text: str, name: str, *, is_end: bool) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(
            f"'{name}' is neither a date (2026-11-30) nor a time (2026-11-30T14:00:00Z): '{text[:100]}'.", param=name
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InvalidRequest(f"'{name}' is not between the years {_FIRST_YEAR} and {_LAST_YEAR}.", param=name)
    seconds = int(moment.timestamp())
    if not is_end:
        return seconds // HOUR
    if len(text) == len("2026-11-30"):
        seconds += 24 * HOUR
    return -(-seconds // HOUR)
