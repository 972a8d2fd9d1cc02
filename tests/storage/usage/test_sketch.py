"""Durations in buckets: a percentile is never further off than is promised."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.storage.usage.sketch import RELATIVE_ERROR, bucket_of, percentiles, value_of

DURATIONS = st.integers(1, 10**11)


@given(DURATIONS)
def test_a_bucket_tells_a_duration_within_the_promised_error(duration: int) -> None:
    assert value_of(bucket_of(duration)) == pytest.approx(duration, rel=RELATIVE_ERROR * 1.0001)


@given(st.lists(DURATIONS, min_size=1, max_size=50))
def test_a_percentile_is_that_of_the_durations_within_the_promised_error(durations: list[int]) -> None:
    shares = (0.5, 0.95, 0.99, 1.0)
    found = percentiles(Counter(map(bucket_of, durations)).items(), shares)
    ranks = [max(-(-len(durations) * round(share * 100) // 100), 1) for share in shares]
    expected = [sorted(durations)[rank - 1] for rank in ranks]
    assert found == pytest.approx(expected, rel=RELATIVE_ERROR * 1.0001)


def test_without_durations_there_is_no_percentile() -> None:
    assert percentiles([], (0.5, 0.99)) == []


@pytest.mark.parametrize("duration", [0, -5, 1])
def test_what_is_below_a_microsecond_is_in_the_first_bucket(duration: int) -> None:
    assert bucket_of(duration) == 0
