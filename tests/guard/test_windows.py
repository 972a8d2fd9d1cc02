"""In any window at most so many, whatever the alignment; and room comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.guard.windows import PARTS, SECOND, Window, lease_length

from .simulated import most_in_any_window

MOST = 10
SECONDS = 5
steps = st.lists(
    st.tuples(st.sampled_from([1, 999, 5000, 260_000, SECOND, 4_999_999, 5_000_000]), st.integers(1, 4)), max_size=60
)


@given(steps=steps, begin=st.integers(0, 10 * SECOND))
def test_at_most_so_many_in_any_window(steps: list[tuple[int, int]], begin: int) -> None:
    window, now, spent = Window.of(SECONDS), 1000 * SECOND + begin, list[tuple[float, int]]()
    for pause, units in steps:
        now += pause
        window.move_to(now)
        wait = window.wait(units, MOST)
        assert wait is not None
        if wait == 0:
            window.enter(window.bucket(), units)
            spent.append((now, units))
        else:
            window.move_to(now + wait)
            assert window.wait(units, MOST) == 0
            now += wait
    assert most_in_any_window(spent, SECONDS * SECOND) <= MOST


@given(at=st.integers(0, 10 * SECOND), spent_after=st.floats(0, 1))
def test_a_lease_counts_from_its_end(at: int, spent_after: float) -> None:
    window = Window.of(SECONDS)
    window.move_to(at)
    length = lease_length(SECONDS)
    window.enter(window.bucket(length), MOST)
    window.move_to(int(at + length * spent_after) + SECONDS * SECOND - 1)
    assert window.wait(1, MOST) != 0
    window.move_to(at + length + SECONDS * SECOND + SECONDS * SECOND // PARTS + 1)
    assert window.wait(MOST, MOST) == 0


@pytest.mark.parametrize(("seconds", "length"), [(1, 50_000), (10, 500_000), (60, SECOND), (86_400, SECOND)])
def test_a_lease_is_short(seconds: int, length: int) -> None:
    assert lease_length(seconds) == length


def test_a_clock_that_is_set_back_frees_nothing() -> None:
    window = Window.of(SECONDS)
    window.move_to(100 * SECOND)
    window.enter(window.bucket(), MOST)
    window.move_to(SECOND)
    assert window.wait(1, MOST) is not None
    assert window.total == MOST
    window.move_to(106 * SECOND)
    assert window.wait(MOST, MOST) == 0


def test_what_never_fits_is_never_let_through() -> None:
    window = Window.of(SECONDS)
    window.move_to(SECOND)
    assert window.wait(MOST + 1, MOST) is None


def test_what_is_given_back_is_free_at_once_and_only_once() -> None:
    window = Window.of(SECONDS)
    window.move_to(SECOND)
    bucket = window.bucket()
    window.enter(bucket, MOST)
    window.take_back(bucket, 4)
    assert window.wait(4, MOST) == 0
    window.take_back(bucket, 100)
    assert (window.total, window.entries) == (0, {})
