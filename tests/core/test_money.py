"""Money is exact: nothing is rounded but a price finer than a picodollar a token, and that once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import Price, Usage, per_token, usd

COUNT = st.integers(0, 10**9)
PER_TOKEN = st.integers(0, 10**10)
FREE = Price(version="test")


@given(st.decimals(0, 10_000, places=6))
def test_a_price_with_six_decimals_is_kept_exactly(price: Decimal) -> None:
    assert Fraction(per_token(price), 10**12) == Fraction(price) / 10**6


@pytest.mark.parametrize(
    ("price", "picodollars"),
    [
        pytest.param("0.15", 150_000, id="gpt-4o-mini"),
        pytest.param("0.0000005", 0, id="half-is-rounded-to-even-down"),
        pytest.param("0.0000015", 2, id="half-is-rounded-to-even-up"),
        pytest.param("0.0000006", 1, id="nearest"),
        pytest.param("1E+3", 1_000_000_000, id="with-an-exponent"),
    ],
)
def test_a_finer_price_is_rounded_once(price: str, picodollars: int) -> None:
    assert per_token(Decimal(price)) == picodollars


@given(st.lists(st.tuples(COUNT, COUNT)), PER_TOKEN, PER_TOKEN)
def test_costs_add_up_to_the_cost_of_the_sum(counts: list[tuple[int, int]], given_price: int, made_price: int) -> None:
    price = Price(input=given_price, output=made_price, version="test")
    apart = sum(price.cost(Usage(input=given, output=made)) for given, made in counts)
    assert apart == price.cost(Usage(input=sum(g for g, _ in counts), output=sum(m for _, m in counts)))


@given(COUNT, COUNT, COUNT, COUNT)
def test_without_prices_of_the_cache_it_is_billed_as_input(plain: int, cached: int, written: int, made: int) -> None:
    usage = Usage(input=plain + cached + written, cached_input=cached, cache_write=written, output=made)
    assert Price(input=3, output=5, version="test").cost(usage) == 3 * (plain + cached + written) + 5 * made


@given(COUNT, COUNT, COUNT, COUNT)
def test_without_a_price_it_is_free(plain: int, cached: int, written: int, made: int) -> None:
    usage = Usage(input=plain + cached + written, cached_input=cached, cache_write=written, output=made)
    assert FREE.cost(usage) == 0


def test_cached_and_written_tokens_have_their_own_prices() -> None:
    price = Price(input=100, cached_input=10, cache_write=125, output=500, version="test")
    usage = Usage(input=1000, cached_input=600, cache_write=300, output=7, reasoning=5)
    assert price.cost(usage) == 100 * 100 + 600 * 10 + 300 * 125 + 7 * 500


def test_tokens_of_a_medium_have_their_own_prices() -> None:
    price = Price(input=5, output=10, audio_input=6, audio_output=20, image_input=8, image_output=32, version="test")
    usage = Usage(input=100, audio_input=30, image_input=20, output=50, audio_output=4, image_output=40)
    assert price.cost(usage) == 50 * 5 + 30 * 6 + 20 * 8 + 6 * 10 + 4 * 20 + 40 * 32


def test_a_medium_without_a_price_costs_what_text_does() -> None:
    usage = Usage(input=100, audio_input=30, image_input=20, output=50, image_output=40)
    assert Price(input=5, output=10, version="test").cost(usage) == 100 * 5 + 50 * 10


def test_a_free_cache_is_free() -> None:
    assert Price(input=100, cached_input=0, version="test").cost(Usage(input=10, cached_input=10)) == 0


def test_more_cached_tokens_than_input_never_lower_the_cost() -> None:
    """Some providers count cached tokens beside the input."""
    assert Price(input=100, cached_input=10, version="test").cost(Usage(input=5, cached_input=8)) == 80


@given(st.integers(0, 10**24))
def test_a_sum_is_written_exactly(picodollars: int) -> None:
    written = usd(picodollars)
    assert Decimal(written).scaleb(12) == picodollars
    assert "E" not in written
    assert not (("." in written) and written.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("picodollars", "written"),
    [
        (0, "0"),
        (1, "0.000000000001"),
        (10**12, "1"),
        (10**13, "10"),
        (1_500_000_000_000, "1.5"),
        (21_600_000, "0.0000216"),
    ],
)
def test_sums_as_people_write_them(picodollars: int, written: str) -> None:
    assert usd(picodollars) == written


def test_the_total_counts_nothing_twice() -> None:
    assert Usage(input=10, cached_input=4, output=6, reasoning=5).total == 16
