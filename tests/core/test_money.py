"""Money is exact: nothing is rounded but a price finer than a picodollar a token, and that once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.core import RATES, Above, Extra, InnerUsage, Price, Usage, Variant, per_token, rated, usd
from turnout.core.usage import COUNTS, EXTRA_COUNTS

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


def test_no_more_tokens_are_billed_than_there_are() -> None:
    assert Price(input=100, cached_input=10, version="test").cost(Usage(input=5, cached_input=8)) == 5 * 10


USAGES = st.builds(
    Usage,
    **{name: st.integers(0, 2000) for name in COUNTS},
    extra=st.builds(
        Extra,
        **{name: st.integers(0, 2000) for name in EXTRA_COUNTS},
        service_tier=st.sampled_from(["", "flex", "priority"]),
        speed=st.sampled_from(["", "fast"]),
        region=st.sampled_from(["", "us"]),
    ),
)
PLAIN = st.builds(Usage, **{name: st.integers(0, 2000) for name in ("input", "output", "cached_input", "cache_write")})


@given(st.builds(Price, **{name: st.integers(1, 10**7) for name in RATES}, version=st.just("test")), USAGES | PLAIN)
def test_the_two_directions_add_up_to_the_cost(price: Price, usage: Usage) -> None:
    assert sum(price.costs(usage)) == price.cost(usage)


@given(USAGES)
def test_at_one_rate_for_all_the_cost_is_that_of_the_total(usage: Usage) -> None:
    assert Price(input=7, output=7, version="test").cost(usage) == 7 * usage.total


def test_each_class_has_its_own_price() -> None:
    rates = {name: 10**number for number, name in enumerate(RATES)}
    usage = Usage(
        input=2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 1,
        cached_input=4 + 1 + 9,
        cache_write=5 + 6,
        audio_input=3 + 1,
        image_input=7 + 9,
        output=2 + 3 + 4 + 5 + 6,
        reasoning=3,
        audio_output=4,
        image_output=5,
        extra=Extra(cache_write_1h=6, video_input=8, video_output=6, cached_audio=1, cached_image=9),
    )
    tokens = {"input": 2, "output": 2, "cached_input": 4, "cache_write": 5, "cache_write_1h": 6, "reasoning": 3}
    tokens |= {"audio_input": 3, "image_input": 7, "video_input": 8, "cached_audio": 1, "cached_image": 9}
    tokens |= {"audio_output": 4, "image_output": 5, "video_output": 6}
    expected = sum(rates[name] * count for name, count in tokens.items())
    assert Price(**rates, version="test").cost(usage) == expected


@pytest.mark.parametrize(("tokens", "cost"), [(200_000, 200_000), (200_001, 400_002), (500_001, 4_500_009)])
def test_a_longer_request_has_other_rates_for_all_of_it(tokens: int, cost: int) -> None:
    above = (Above(tokens=200_000, input=2, output=3), Above(tokens=500_000, input=9, output=9))
    price = Price(input=1, output=1, above=above, version="test")
    assert price.cost(Usage(input=tokens)) == cost
    assert price.cost(Usage(input=tokens, cached_input=tokens)) == cost  # cached tokens count for the length, too


@pytest.mark.parametrize(
    ("terms", "input_rate"),
    [
        pytest.param({}, 100, id="standard"),
        pytest.param({"service_tier": "flex"}, 50, id="tier"),
        pytest.param({"service_tier": "someday"}, 100, id="tier-without-a-price"),
        pytest.param({"speed": "fast"}, 600, id="speed"),
        pytest.param({"region": "us"}, 110, id="region"),
        pytest.param({"region": "eu"}, 100, id="region-without-a-price"),
        pytest.param({"service_tier": "flex", "region": "us"}, 55, id="tier-and-region"),
    ],
)
def test_terms_change_the_rates(terms: dict[str, str], input_rate: int) -> None:
    variants = Variant(input=50, output=1, service_tier="flex"), Variant(input=600, output=1, speed="fast")
    price = Price(input=100, output=1, variants=variants, regions=(("us", 1100),), version="test")
    assert price.cost(Usage(input=1000, extra=Extra(**terms))) == 1000 * input_rate  # type: ignore[arg-type]


def test_a_tier_has_its_own_rates_for_longer_requests() -> None:
    flex = Variant(input=50, service_tier="flex", above=(Above(tokens=10, input=70),))
    price = Price(input=100, variants=(flex,), above=(Above(tokens=10, input=200),), version="test")
    costs = [price.cost(Usage(input=tokens, extra=Extra(service_tier="flex"))) for tokens in (10, 11)]
    assert costs == [500, 770]


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        pytest.param(Usage(extra=Extra(web_searches=3)), 3 * 7 + 1000 + 5, id="searches-and-the-request-that-has-them"),
        pytest.param(Usage(extra=Extra(file_searches=3)), 3 * 11 + 5, id="file-searches"),
        pytest.param(Usage(extra=Extra(code_executions=2)), 2 * 13 + 5, id="code"),
        pytest.param(Usage(extra=Extra(images=2)), 2 * 17 + 5, id="images"),
        pytest.param(Usage(extra=Extra(characters=2)), 2 * 19 + 5, id="characters"),
        pytest.param(Usage(extra=Extra(seconds=90)), 900 + 5, id="seconds"),
        pytest.param(Usage(input=2), 2 + 5, id="plain"),
    ],
)
def test_what_is_sold_by_piece(usage: Usage, cost: int) -> None:
    price = Price(
        input=1,
        request=5,
        web_search=7,
        search_request=1000,
        file_search=11,
        code_execution=13,
        image=17,
        character=19,
        hour=36_000,
        version="test",
    )
    assert price.cost(usage) == cost


BY_TOKENS, BY_IMAGE = Price(input=1, output=1, version="t"), Price(image=7, version="t")
IMAGES = Usage(extra=Extra(images=2))
TOLD = Usage(input=3, extra=Extra(told_cost=9))


@pytest.mark.parametrize(
    ("price", "usage", "rating"),
    [
        pytest.param(BY_TOKENS, Usage(input=3), (3, "t"), id="tokens"),
        pytest.param(BY_TOKENS, Usage(), (0, "t"), id="nothing"),
        pytest.param(BY_TOKENS, IMAGES, (None, None), id="pieces-without-a-price"),
        pytest.param(BY_TOKENS, Usage(input=3, extra=Extra(images=2)), (3, "t"), id="pieces-beside-tokens"),
        pytest.param(BY_IMAGE, IMAGES, (14, "t"), id="pieces"),
        pytest.param(BY_IMAGE, Usage(extra=Extra(seconds=2)), (None, None), id="other-pieces"),
        pytest.param(FREE, IMAGES, (0, "test"), id="free"),
        pytest.param(None, Usage(input=3), (None, None), id="unpriced"),
        pytest.param(None, TOLD, (9, "reported"), id="told"),
        pytest.param(BY_TOKENS, TOLD, (3, "t"), id="a-price-goes-before-what-is-told"),
    ],
)
def test_what_a_usage_is_rated_at(price: Price | None, usage: Usage, rating: tuple[int | None, str | None]) -> None:
    assert rated(price, usage) == rating


def test_a_region_changes_the_price_of_tokens_only() -> None:
    price = Price(input=10, web_search=1000, regions=(("us", 1100),), version="test")
    assert price.cost(Usage(input=10, extra=Extra(web_searches=1, region="us"))) == 110 + 1000


def test_inner_models_have_their_own_price() -> None:
    advisor = Price(input=100, output=100, version="test")
    price = Price(input=1, output=1, others={"advisor": advisor}.get, version="test")
    inner = InnerUsage("advisor", Usage(input=5, output=2)), InnerUsage("unknown", Usage(input=3))
    usage = Usage(input=10, output=4, extra=Extra(inner=inner))
    assert price.cost(usage) == (10 - 5 - 3) + (4 - 2) + 7 * 100 + 3


def test_the_length_of_a_request_is_that_without_inner_models() -> None:
    price = Price(input=1, above=(Above(tokens=10, input=9),), version="test")
    inner = (InnerUsage("advisor", Usage(input=5)),)
    assert price.cost(Usage(input=12, extra=Extra(inner=inner))) == 12


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
