"""``Retry-After`` in every form that HTTP has."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.providers.http import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7, id="seconds"),
        pytest.param(" 7 ", 7, id="with-spaces"),
        pytest.param("0", 0, id="at-once"),
        pytest.param("0.25", 0.25, id="fraction"),
        pytest.param("-5", 0, id="in-the-past"),
        pytest.param("%a, %d %b %Y %H:%M:%S GMT", 3600, id="date"),
        pytest.param("%A, %d-%b-%y %H:%M:%S GMT", 3600, id="date-of-rfc-850"),
        pytest.param("%a %b %d %H:%M:%S %Y", 3600, id="date-of-asctime-is-gmt"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0, id="date-in-the-past"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_it_is_read_as_seconds(value: str, seconds: float, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own time zone doesn't matter. ``value`` is a format, filled with a time one hour from now."""
    value = (datetime.now(UTC) + timedelta(hours=1)).strftime(value)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after({"retry-after": value}) == pytest.approx(seconds, abs=60)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "value", ["", "soon", "nan", "inf", "-inf", "Wed, 99 Foo", "Wed, 21 Oct " + "9" * 20 + " 07:28:00 GMT"]
)
def test_what_can_not_be_read_asks_for_nothing(value: str) -> None:
    assert retry_after({"retry-after": value}) is None


def test_without_the_header_nothing_is_asked_for() -> None:
    assert retry_after({}) is None


@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]+ [0-9:]+ [-+]?[0-9GMT]+"))
def test_no_value_is_an_error_or_negative(value: str) -> None:
    wait = retry_after({"retry-after": value})
    assert wait is None or 0 <= wait < float("inf")
