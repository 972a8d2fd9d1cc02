"""Periods: whole dates, whole hours, and the calendar in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from turnout.errors import InvalidRequest
from turnout.server.control.periods import Calendar, period_of, present, this_hour


def hour(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 3600


@pytest.mark.parametrize(
    ("calendar", "now", "begin", "end"),
    [
        ("day", "2026-12-31T23:59", "2026-12-31", "2027-01-01"),
        ("week", "2026-11-30T00:00", "2026-11-30", "2026-12-07"),
        ("week", "2026-11-29T23:59", "2026-11-23", "2026-11-30"),
        ("month", "2026-12-31T12:00", "2026-12-01", "2027-01-01"),
        ("month", "2028-02-29T12:00", "2028-02-01", "2028-03-01"),
    ],
)
def test_the_present_period_ends_where_the_next_one_begins(calendar: Calendar, now: str, begin: str, end: str) -> None:
    assert present(calendar, datetime.fromisoformat(now).replace(tzinfo=UTC)) == (hour(begin), hour(end))


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("2026-11-01", "2026-11-30", ("2026-11-01", "2026-12-01")),
        ("2026-11-30", "2026-11-30", ("2026-11-30", "2026-12-01")),
        ("2026-11-30T14:59", "2026-11-30T15:01", ("2026-11-30T14:00", "2026-11-30T16:00")),
        ("2026-11-30T14:00:00Z", "2026-11-30T15:00:00Z", ("2026-11-30T14:00", "2026-11-30T15:00")),
        ("2026-11-30T14:00:00+02:00", "2026-11-30T14:00:00Z", ("2026-11-30T12:00", "2026-11-30T14:00")),
    ],
)
def test_a_date_is_a_whole_day_and_a_time_a_whole_hour(begin: str, end: str, expected: tuple[str, str]) -> None:
    assert period_of(begin, end) == tuple(map(hour, expected))


def test_without_words_it_is_the_thirty_days_up_to_now() -> None:
    before = this_hour()
    begin, end = period_of(None, None)
    assert before < end <= this_hour() + 1
    assert end - begin == 30 * 24


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "1969-12-31", "9999-12-31", "1" * 500])
def test_what_is_no_time_is_refused_by_the_parameters_name(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        period_of(text, None, ("start_date", "end_date"))
    assert refused.value.param == "start_date"
