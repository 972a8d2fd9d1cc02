"""What a body makes of a model: each field by itself, and those that go together."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET

from turnout.catalog import ApiModel
from turnout.config import PriceSettings, TimeoutSettings
from turnout.core import Secret
from turnout.errors import InvalidRequest
from turnout.server.control.model_bodies import ModelChange, ModelDraft
from turnout.server.control.model_drafts import api_model_from, edited


def drafted(**fields: Any) -> ApiModel:
    return api_model_from(ModelDraft.model_validate({"provider": "openai", **fields}))


def changed(before: ApiModel, **fields: Any) -> ApiModel:
    return edited(before, ModelChange.model_validate(fields))


MODEL = drafted(id="m")
PRICED = drafted(id="m", price={"input": 1, "output": 2, "cached_input": 0.5, "cache_write": 3})
PRICE = PriceSettings(input=1.0, output=2.0, cached_input=0.5, cache_write=3.0)


def test_an_id_and_a_name_stand_in_for_each_other_and_for_the_upstream_model() -> None:
    assert (MODEL.id, MODEL.name, MODEL.upstream_model) == ("m", "m", "m")
    named = drafted(name="n")
    assert (named.id, named.name, named.upstream_model) == ("n", "n", "n")
    both = drafted(id="m", name="My model", upstream_model="u")
    assert (both.id, both.name, both.upstream_model) == ("m", "My model", "u")


def test_null_gives_the_default_of_a_new_model() -> None:
    whole = drafted(id="m", name="n", upstream_model="u", status="inactive", max_tokens=5, timeouts={"total": 1})
    fields = ("name", "upstream_model", "status", "max_tokens", "timeouts")
    assert changed(whole, **dict.fromkeys(fields)) == MODEL


def test_fields_of_timeouts_that_are_null_are_not_set() -> None:
    assert changed(MODEL, timeouts={"total": 5, "stall": None}).timeouts == TimeoutSettings(total=5.0, stall=UNSET)
    assert changed(MODEL, timeouts={"queue": 0}).timeouts.queue == 0


def test_capabilities_are_told_once() -> None:
    assert drafted(id="m", capabilities=["b", "a", "b"]).capabilities == ("b", "a")


def test_a_model_has_a_key_or_the_name_of_its_variable() -> None:
    """What was said last counts."""
    keyed = drafted(id="m", api_key="sk-1")
    assert (keyed.api_key, keyed.api_key_env) == (Secret("sk-1"), None)
    by_variable = changed(keyed, api_key_env="TEAM_KEY")
    assert (by_variable.api_key, by_variable.api_key_env) == (None, "TEAM_KEY")
    again = changed(by_variable, api_key="sk-2", api_key_env=None)
    assert (again.api_key, again.api_key_env) == (Secret("sk-2"), None)
    assert changed(by_variable, api_key="sk-2").api_key_env is None
    assert changed(keyed, api_key_env=None).api_key == Secret("sk-1")


@pytest.mark.parametrize(
    ("before", "fields", "price"),
    [
        pytest.param(PRICED, {}, PRICE, id="nothing-said"),
        pytest.param(PRICED, {"price": None}, None, id="null"),
        pytest.param(PRICED, {"price": {"input": 4, "output": 5}}, PriceSettings(input=4.0, output=5.0), id="another"),
        pytest.param(
            MODEL,
            {"cost_per_1k_input": 0.1, "cost_per_1k_output": 0},
            PriceSettings(input=100.0, output=0.0),
            id="costs",
        ),
        pytest.param(
            PRICED,
            {"cost_per_1k_input": 0.25},
            PriceSettings(input=250.0, output=2.0, cached_input=0.5, cache_write=3.0),
            id="one-cost",
        ),
        pytest.param(PRICED, {"cost_per_1k_input": None, "cost_per_1k_output": None}, None, id="no-costs"),
        pytest.param(
            MODEL,
            {"price": {"input": 100, "output": 1, "cached_input": 7}, "cost_per_1k_input": 0.1},
            PriceSettings(input=100.0, output=1.0, cached_input=7.0),
            id="both-agree",
        ),
    ],
)
def test_prices(before: ApiModel, fields: dict[str, Any], price: PriceSettings | None) -> None:
    assert changed(before, **fields).price == price


@pytest.mark.parametrize(
    ("before", "fields", "param"),
    [
        (MODEL, {"id": "other"}, "id"),
        (MODEL, {"provider": None}, "provider"),
        (MODEL, {"cost_per_1k_input": 1}, "cost_per_1k_output"),
        (MODEL, {"cost_per_1k_output": 1}, "cost_per_1k_input"),
        (PRICED, {"cost_per_1k_input": 1, "cost_per_1k_output": None}, "cost_per_1k_output"),
        (PRICED, {"price": {"input": 1, "output": 2}, "cost_per_1k_input": 1}, "price"),
        (PRICED, {"price": {"input": 1, "output": 2}, "cost_per_1k_input": None, "cost_per_1k_output": None}, "price"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_by_name(before: ApiModel, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        changed(before, **fields)
    assert caught.value.param == param


@pytest.mark.parametrize("fields", [{}, {"name": "two words"}])
def test_a_draft_needs_an_id(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="'id' is missing") as caught:
        drafted(**fields)
    assert caught.value.param == "id"


def test_the_same_id_may_be_said_again() -> None:
    assert changed(MODEL, id="m") == MODEL
