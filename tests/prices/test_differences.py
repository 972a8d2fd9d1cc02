"""What a newer price book changes, and a tariff as people read it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from turnout.core import Above, Variant
from turnout.prices import Changed, PriceBook, differences, is_newer, listed, price_book
from turnout.prices.book import DatedTariff, Match, PricedModel, Source

STARTS = Match(starts_with="gpt-5")


def tariff(input_rate: int, **more: Any) -> DatedTariff:
    return DatedTariff(input=input_rate * 10**6, output=10**6, **more)


def book(*models: PricedModel) -> PriceBook:
    return PriceBook("1", {"openai": Source(models)})


def priced(*tariffs: DatedTariff, match: Match = STARTS) -> PricedModel:
    return PricedModel(match, tariffs)


def test_models_that_come_go_and_change_are_told_with_their_rates() -> None:
    old = book(priced(tariff(1)), priced(tariff(2), match=Match(equals="gone")), priced(tariff(3), match=Match(any=())))
    new = book(
        priced(tariff(4)), priced(tariff(5), match=Match(contains="new")), priced(tariff(3), match=Match(any=()))
    )
    assert differences(old, new) == [
        Changed("openai", "*new*", None, {"input": "5", "output": "1"}),
        Changed("openai", "gone", {"input": "2", "output": "1"}, None),
        Changed("openai", "gpt-5*", {"input": "1"}, {"input": "4"}),
    ]


def test_a_model_that_is_only_matched_otherwise_has_not_changed() -> None:
    wider = Match(any=(STARTS, Match(ends_with="gpt-5")))
    assert differences(book(priced(tariff(1))), book(priced(tariff(1), match=wider))) == []
    assert differences(price_book(), price_book()) == []


def test_a_rate_from_a_later_day_is_a_change() -> None:
    later = tariff(2, since=date(2027, 1, 1))
    (change,) = differences(book(priced(tariff(1))), book(priced(tariff(1), later)))
    assert (change.before, change.after) == ({}, {"from 2027-01-01 input": "2", "from 2027-01-01 output": "1"})


def test_two_models_of_one_name_are_told_apart() -> None:
    changes = differences(book(priced(tariff(1)), priced(tariff(2))), book(priced(tariff(1)), priced(tariff(3))))
    assert [change.model for change in changes] == ["gpt-5* (2)"]


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("0.2.10+2026-01-01", "0.2.9+2026-11-30", True),
        ("0.2.9+2026-12-01", "0.2.9+2026-11-30", True),
        ("0.2.9+2026-11-30", "0.2.9+2026-11-30", False),
        ("0.2.8+2026-12-01", "0.2.9+2026-11-30", False),
        ("mine", "0.2.9+2026-11-30", False),
        ("0.2.9+2026-11-30", "mine", False),
    ],
)
def test_versions_have_an_order(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_a_tariff_is_listed_in_the_units_of_the_configuration() -> None:
    full = tariff(
        2,
        cached_input=200_000,
        above=(Above(tokens=200_000, input=4_000_000, output=0),),
        variants=(Variant(service_tier="flex", input=1_000_000, output=0), Variant(speed="fast", input=9_000_000)),
        regions=(("us", 1100),),
        web_search=10**10,
        image=4 * 10**10,
        character=15 * 10**6,
        hour=36 * 10**10,
    )
    assert listed(full) == {
        "input": "2",
        "output": "1",
        "cached_input": "0.2",
        "above 200000 input": "4",
        "above 200000 output": "0",
        "flex input": "1",
        "flex output": "0",
        "fast input": "9",
        "fast output": "0",
        "region us": "1.1 times",
        "web_searches": "10",
        "image": "0.04",
        "characters": "15",
        "minute": "0.006",
    }
