"""``turnout models``: what is served, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import invoke, run
from tests.library.support import UNPRICED, configured
from tests.support.simulator import Simulator
from turnout.catalog.api_model_store import write_rows
from turnout.storage import ModelRow


def rows(*words: str) -> dict[str, dict[str, Any]]:
    result = invoke("models", "--json", *words)
    assert result.exit_code == 0
    return {row["name"]: row for row in json.loads(result.stdout)}


def lines(shown: str) -> list[list[str]]:
    return [line.split() for line in shown.splitlines()]


def test_json_tells_everything(simulator: Simulator) -> None:
    price = {"input": 0.15, "output": 0.6, "cached_input": 0.075}
    model = {"deployments": ["openai/sim", "anthropic/sim"], "price": price, "fallbacks": ["echo"]}
    configured(simulator.root, {"fast": model}, aliases={"HOST_AGENT": "fast", "claude-*": "fast"})
    shown = {"input": "0.15", "output": "0.6", "cached_input": "0.075", "version": "config"}
    deployments = [
        {"id": f"{name}/sim", "provider": name, "model": "sim", "address": simulator.root, "price": shown}
        for name in ("openai", "anthropic")
    ]
    expected = {"source": "configured", "policy": "order", "fallbacks": ["echo"], "deployments": deployments}
    listed = rows()
    assert listed["fast"] == {"name": "fast", "alias_of": None, **expected}
    for alias in ("HOST_AGENT", "claude-*"):
        assert listed[alias] == {"name": alias, "alias_of": "fast", **expected}
    assert (listed["echo"]["source"], listed["echo"]["deployments"][0]["price"]["version"]) == ("built in", "free")


def test_models_made_through_the_api_are_told_without_a_server(tmp_path: Path) -> None:
    row = ModelRow(
        id="mine", definition='{"id":"mine","name":"Mine","provider":"echo","upstream_model":"m"}', created=1, updated=1
    )
    write_rows([row], tmp_path)
    listed = rows("--data-dir", str(tmp_path))
    assert (listed["mine"]["source"], listed["mine"]["deployments"][0]["id"]) == ("made", "echo/m")


def test_what_providers_offer_is_discovered(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_URL", simulator.root)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{simulator.root}/v1")
    listed = rows()
    assert (listed["sim"]["source"], listed["sim"]["alias_of"]) == ("discovered", None)
    assert listed["sim:latest"]["deployments"][0]["price"]["input"] == "0"
    assert listed["sim"]["deployments"][0]["price"] is None


def test_the_table_has_a_line_for_each_deployment(simulator: Simulator) -> None:
    model = {"deployments": ["openai/sim", "anthropic/sim"], "price": {"input": 0.15, "output": 0.6}}
    configured(simulator.root, {"fast": model}, aliases={"HOST_AGENT": "fast"})
    result = invoke("models")
    assert result.exit_code == 0
    assert lines(result.stdout) == [
        ["Input", "Output"],
        ["Model", "Deployment", "Provider", "USD/1M", "USD/1M", "From"],
        ["fast", "openai/sim", "openai", "0.15", "0.6", "configured"],
        ["anthropic/sim", "anthropic", "0.15", "0.6"],
        ["echo", "echo/echo", "echo", "0", "0", "built", "in"],
        ["HOST_AGENT", "→", "fast", "openai/sim", "openai", "0.15", "0.6", "configured"],
        ["anthropic/sim", "anthropic", "0.15", "0.6"],
    ]


def test_nothing_is_folded_or_cut_in_a_pipe_and_nothing_is_markup(simulator: Simulator) -> None:
    name = f"[bold]{'long-' * 40}name"
    configured(simulator.root, {name: {"deployments": [f"openai/{name}"], "price": UNPRICED}})
    assert lines(run("models").stdout)[2][:4] == [name, f"openai/{name}", "openai", "?"]


def test_a_provider_that_refuses_is_told_beside_the_table(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{simulator.root}/nothing-here")
    result = invoke("models")
    assert result.exit_code == 0
    assert "echo" in result.stdout
    assert result.stderr.startswith("OpenAI: openai answered 404")
    assert "`turnout doctor` says more." in result.stderr


def test_a_server_that_nobody_runs_is_not_worth_a_word() -> None:
    assert invoke("models").stderr == ""


def test_a_name_that_nothing_serves_is_told(simulator: Simulator) -> None:
    configured(simulator.root, {"fast": "openai/sim"}, aliases={"HOST_AGENT": "fasst"})
    assert "turnout.yaml" in (warning := invoke("models").stderr)
    assert "did you mean 'fast'?" in warning
