"""What engines say of their models: who is asked, when, and what becomes of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import make_catalog, only
from turnout.catalog import Catalog
from turnout.catalog.descriptions import ROUNDS
from turnout.core import Traits, WireRequest
from turnout.errors import UpstreamUnreachable
from turnout.providers import registry

OLLAMA = "http://localhost:11434"
MODELFILE = "models: {mine: ollama/gemma3}\n"
ABLE = {"capabilities": ["completion", "tools", "thinking"], "model_info": {"g.context_length": 4096}}


class Engines:
    """Ollama lists ``listed`` and says ``said`` of each model. ``asked`` has the models that it was asked about."""

    def __init__(self, said: Any = ABLE, listed: tuple[str, ...] = (), status: int = 200) -> None:
        self.said, self.listed, self.status = said, listed, status
        self.asked: list[str] = []

    async def __call__(self, request: WireRequest, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
        if request.url == f"{OLLAMA}/api/tags":
            return 200, {}, json.dumps({"models": [{"name": name} for name in self.listed]}).encode()
        if request.url != f"{OLLAMA}/api/show":
            raise UpstreamUnreachable("refused")
        self.asked.append(json.loads(request.body)["model"])
        if self.said is None:
            raise UpstreamUnreachable("refused")
        return self.status, {}, self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()


def catalog_of(folder: Path, text: str = MODELFILE) -> Catalog:
    return make_catalog(folder, text, providers=registry())


async def traits_after(folder: Path, engines: Engines, text: str = MODELFILE) -> Traits:
    catalog = catalog_of(folder, text)
    await catalog.discover(engines)
    return only(catalog, "mine").traits


async def test_a_configured_model_has_what_its_engine_says(tmp_path: Path) -> None:
    traits = await traits_after(tmp_path, Engines())
    assert (traits.context, traits.thinking, traits.efforts, traits.tools) == (4096, "optional", (), True)
    assert traits.blind
    assert (traits.inputs, traits.makes) == (frozenset({"text"}), "text")  # by its name it would see images


async def test_discovered_and_direct_models_have_it_too(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, "models: {}\n")
    await catalog.discover(Engines(listed=("gemma3:latest",)))
    for name in ("gemma3:latest", "gemma3", "ollama/gemma3:latest"):
        assert only(catalog, name).traits.context == 4096
    assert only(catalog, "ollama/gemma3:latest").id == "ollama/gemma3:latest"


async def test_the_operator_goes_before_the_engine(tmp_path: Path) -> None:
    text = (
        "models:\n  mine:\n    deployments: [ollama/gemma3]\n    traits: {context: 999, inputs: [text, image, audio]}\n"
    )
    traits = await traits_after(tmp_path, Engines(), text)
    assert (traits.context, traits.inputs) == (999, frozenset({"text", "image", "audio"}))
    assert (traits.thinking, traits.blind) == ("optional", False)


async def test_an_engine_says_whether_a_model_goes_on_with_an_answer_unless_the_operator_does(tmp_path: Path) -> None:
    engines = Engines(said=ABLE | {"template": "{{ .Prompt }}"})
    assert (await traits_after(tmp_path, engines)).continues == "message"
    refused = "models:\n  mine:\n    deployments: [ollama/gemma3]\n    traits: {prefill: false}\n"
    assert (await traits_after(tmp_path, engines, refused)).continues is None
    marked = "models:\n  mine:\n    deployments: [ollama/gemma3]\n    traits: {prefill: partial}\n"
    assert (await traits_after(tmp_path, engines, marked)).continues == "partial"


@pytest.mark.parametrize(
    "engines",
    [
        pytest.param(Engines(said=None), id="unreachable"),
        pytest.param(Engines(said={"error": "model 'gemma3' not found"}, status=404), id="unknown-model"),
        pytest.param(Engines(said=b"<html>"), id="no-json"),
        pytest.param(Engines(said={"capabilities": "all"}), id="another-form"),
        pytest.param(Engines(said=b"[" * 100_000), id="nested"),
    ],
)
async def test_an_engine_that_says_nothing_leaves_the_facts_by_the_name(tmp_path: Path, engines: Engines) -> None:
    before = only(catalog_of(tmp_path), "mine").traits
    assert await traits_after(tmp_path, engines) == before
    assert engines.asked == ["gemma3"]


async def test_an_engine_is_asked_once_in_several_rounds(tmp_path: Path) -> None:
    catalog, engines = catalog_of(tmp_path), Engines()
    for _ in range(ROUNDS):
        await catalog.discover(engines)
    assert engines.asked == ["gemma3"]
    engines.said = ABLE | {"model_info": {"g.context_length": 8192}}
    await catalog.discover(engines)
    assert only(catalog, "mine").traits.context == 8192


async def test_an_engine_that_was_away_is_asked_in_the_next_round(tmp_path: Path) -> None:
    catalog, engines = catalog_of(tmp_path), Engines(said=None)
    await catalog.discover(engines)
    engines.said = ABLE
    await catalog.discover(engines)
    assert only(catalog, "mine").traits.context == 4096


async def test_an_engine_that_went_away_keeps_what_it_said(tmp_path: Path) -> None:
    catalog, engines = catalog_of(tmp_path), Engines()
    await catalog.discover(engines)
    engines.said = None
    for _ in range(ROUNDS):
        await catalog.discover(engines)
    assert engines.asked == ["gemma3"] * 2
    assert only(catalog, "mine").traits.context == 4096


async def test_an_engine_in_trouble_keeps_what_it_said(tmp_path: Path) -> None:
    catalog, engines = catalog_of(tmp_path), Engines()
    await catalog.discover(engines)
    engines.status = 503
    for _ in range(ROUNDS):
        await catalog.discover(engines)
    assert only(catalog, "mine").traits.context == 4096


async def test_an_engine_that_does_not_answer_is_asked_about_one_model_a_round(tmp_path: Path) -> None:
    engines = Engines(said=None, listed=("a", "b", "c"))
    await catalog_of(tmp_path).discover(engines)
    assert len(engines.asked) == 1


async def test_nobody_is_asked_without_discovery(tmp_path: Path) -> None:
    engines = Engines()
    traits = await traits_after(tmp_path, engines, f"discovery: false\n{MODELFILE}")
    assert (engines.asked, traits.context) == ([], None)


async def test_a_model_that_is_no_longer_served_is_forgotten(tmp_path: Path) -> None:
    catalog, engines = catalog_of(tmp_path, "models: {}\n"), Engines(listed=("a",))
    await catalog.discover(engines)
    deployment = only(catalog, "a")
    assert catalog.description_of(deployment).context == 4096
    engines.listed = ()
    await catalog.discover(engines)
    assert catalog.description_of(deployment).context is None
