"""The model of a request without one, and models that are still being discovered."""

from __future__ import annotations

import pytest

import turnout
from tests.library.support import configured, user, written
from turnout import errors
from turnout.simulator import Simulator


async def test_the_first_configured_model_comes_first(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", sim.url)
    async with turnout.open(configured(sim.url, {"zebra": "openai/sim", "ant": "gemini/sim"})) as t:
        assert (await t.chat(messages=user("hi"))).model == "zebra"


async def test_else_the_first_one_of_a_local_server(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", sim.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{sim.url}/v1")
    async with turnout.open() as t:
        assert (await t.chat(messages=user("hi"))).deployment == "ollama/sim:latest"


async def test_one_that_costs_money_is_never_chosen(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{sim.url}/v1")
    async with turnout.open() as t:
        with pytest.raises(errors.InvalidRequest, match=r"Say which model\..*sim-tools") as caught:
            await t.chat(messages=user("hi"))
    assert caught.value.param == "model"


async def test_else_echo() -> None:
    async with turnout.open() as t:
        assert (await t.find()).name == "echo"
        assert (await t.chat(messages=user("hi"))).text == "hi"


async def test_a_model_is_required_when_the_configuration_has_none() -> None:
    async with turnout.open(written("none.yaml", "discovery: false")) as t:
        with pytest.raises(errors.InvalidRequest, match="The configuration has no models"):
            await t.chat(messages=user("hi"))


async def test_a_discovered_model_is_waited_for(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for at once after opening, before any server can have answered."""
    monkeypatch.setenv("OLLAMA_URL", sim.url)
    async with turnout.open() as t:
        assert (await t.chat(model="sim-thinking", messages=user("hi"))).deployment == "ollama/sim-thinking:latest"


async def test_find_tells_a_models_deployments(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim"}, aliases={"also": "m"})) as t:
        model = await t.find("also")
        assert (model.name, [deployment.id for deployment in model.deployments]) == ("m", ["openai/sim"])
        with pytest.raises(errors.UnknownModel):
            await t.find("another")
