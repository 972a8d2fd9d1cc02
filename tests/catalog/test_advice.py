"""Settings that work but are probably not intended cause advice."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import make_catalog
from turnout.catalog import machine
from turnout.catalog.api_models import ApiModel
from turnout.errors import ConfigError, InvalidRequest, UnknownModel

SAFE = "tk-0123456789abcdef"
OWN = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://localhost:8003/v1"}


def advice(folder: Path, text: str | None, mode: int = 0o600, **more: Any) -> list[str]:
    """Without the folder's name."""
    if text is not None:
        (folder / "turnout.yaml").write_text(text)
        (folder / "turnout.yaml").chmod(mode)
    catalog = make_catalog(folder, **more)
    return [line.replace(f"{folder}/", "") for line in catalog.configured.advice]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    assert advice(tmp_path, text) == ["turnout.yaml: is empty, so everything is as it is without a file"]


def test_nothing_to_say(tmp_path: Path) -> None:
    assert advice(tmp_path, None) == []
    assert advice(tmp_path, f"models: {{a: ollama/x}}\nkeys: [{{key: {SAFE}, user: u}}]") == []


def test_short_keys(tmp_path: Path) -> None:
    """Very short keys are refused; keys that are easy to guess cause advice."""
    with pytest.raises(ConfigError, match=r"turnout\.yaml:1: keys\[0\]\.key: expected at least 8 characters"):
        make_catalog(tmp_path, "keys: [{key: a}]")
    with pytest.raises(ConfigError, match=r"TURNOUT_ADMIN_KEY: expected at least 8 characters"):
        make_catalog(tmp_path, "{}", variables={"TURNOUT_ADMIN_KEY": "a"})
    lines = advice(tmp_path, "keys: [{key: tk-12345}]", variables={"TURNOUT_ADMIN_KEY": "12345678"})
    assert [line.partition("shorter than 16")[0] for line in lines] == [
        "turnout.yaml:1: keys[0].key: ",
        "environment variable TURNOUT_ADMIN_KEY: ",
    ]
    assert not any("12345" in line for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"keys: [{{key: {SAFE}}}]", id="a-key"),
        pytest.param("providers: {openai: {api_key: sk-12345}}", id="a-provider-s"),
        pytest.param(
            "models: {a: {deployments: [{provider: openai, model: x, api_key: sk-12345}]}}", id="a-deployment-s"
        ),
        pytest.param("agents: {a: {api_type: openai, api_model: x, api_key: sk-12345}}", id="an-agent-s"),
    ],
)
def test_a_file_with_secrets_that_others_may_read(tmp_path: Path, text: str) -> None:
    start = "turnout.yaml: holds secrets, and others on this machine may read it: chmod 600 "
    assert [line for line in advice(tmp_path, text, 0o644) if line.startswith(start)]
    assert [line for line in advice(tmp_path, text, 0o640) if line.startswith(start)]
    assert advice(tmp_path, text, 0o600) == []


def test_a_file_of_agents_with_secrets(tmp_path: Path) -> None:
    (line,) = advice(tmp_path, None, agents="a: {api_type: openai, api_model: x, api_key: sk-12345}")
    assert line.startswith("agents.yaml: holds secrets")


def test_variables_and_words_are_no_secrets(tmp_path: Path) -> None:
    text = "providers: {openai: {api_key: '${KEY}'}, vllm: {api_key: none}}\nkeys: [{key: '${KEY}'}]"
    assert advice(tmp_path, text, 0o644, variables={"KEY": SAFE}) == []


def test_a_first_key_that_others_may_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin.key").write_text(SAFE)
    (tmp_path / "data" / "admin.key").chmod(0o644)
    (line,) = advice(tmp_path, None, host="0.0.0.0", make_first_key=True)  # noqa: S104  # read, not listened on
    assert line.startswith("data/admin.key: holds secrets")


def test_a_deployment_that_will_be_refused(tmp_path: Path) -> None:
    (line,) = advice(tmp_path, "models:\n  fast: openai/gpt-4o\n  local: ollama/x")
    assert line.startswith("turnout.yaml:2: models.fast: OpenAI needs a key. Set OPENAI_API_KEY")
    assert advice(tmp_path, "models: {fast: openai/gpt-4o}", variables={"OPENAI_API_KEY": "k"}) == []


class TestItsOwnAddress:
    """A variable that leads clients to Turnout may be set where Turnout runs, too: it must not ask itself."""

    def test_it_is_told_and_not_asked(self, tmp_path: Path) -> None:
        catalog = make_catalog(tmp_path, variables=OWN)
        (line,) = catalog.configured.advice
        assert line.startswith("OPENAI_BASE_URL is Turnout's own address: it would ask itself.")
        with pytest.raises(UnknownModel, match="OPENAI_BASE_URL is Turnout's own address"):
            catalog.snapshot.find("openai/gpt-4o")
        assert {found.provider: found.outcome for found in catalog.state().discovery}["openai"] == "skipped"

    @pytest.mark.parametrize(
        ("text", "variables"),
        [
            pytest.param("models: {gpt-4o: openai/gpt-4o}", OWN, id="a-variable"),
            pytest.param(
                "models: {a: {deployments: [{provider: openai, model: a, base_url: 'http://127.0.0.1:8003/v1'}]}}",
                {},
                id="a-deployment-s",
            ),
            pytest.param(
                "models: {a: openai/a}\nproviders: {openai: {base_url: 'http://0.0.0.0:8003/v1'}}",
                {},
                id="a-provider-s",
            ),
            pytest.param("server: {port: 8000}\nmodels: {a: vllm/a}", {}, id="the-usual-one"),
            pytest.param(
                "server: {host: gw.test, port: 443}\nmodels: {a: openai/a}\n"
                "providers: {openai: {base_url: 'https://GW.test/v1'}}",
                {},
                id="by-name",
            ),
        ],
    )
    def test_a_model_there_is_a_mistake(self, tmp_path: Path, text: str, variables: dict[str, str]) -> None:
        with pytest.raises(ConfigError, match="expected another address than Turnout's own"):
            make_catalog(tmp_path, text, variables=variables)

    def test_nor_may_one_be_made(self, tmp_path: Path) -> None:
        api_model = ApiModel(
            id="a", name="a", provider="openai", upstream_model="a", base_url="http://localhost:8003/v1"
        )
        with pytest.raises(InvalidRequest, match="Turnout's own address"):
            make_catalog(tmp_path).checked(api_model)

    @pytest.mark.parametrize("url", ["http://localhost:8004/v1", "http://other:8003/v1", "https://localhost/v1"])
    def test_others_are_others(self, tmp_path: Path, url: str) -> None:
        assert advice(tmp_path, None, variables=OWN | {"OPENAI_BASE_URL": url}) == []


def test_more_workers_than_the_machine_bears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("turnout.catalog.configured.max_workers", lambda: 3)
    catalog = make_catalog(tmp_path, workers=4)
    assert catalog.settings.server.workers == 3
    assert catalog.configured.advice == ("4 workers are more than this machine bears: 3 are started",)
    assert make_catalog(tmp_path, workers=3).configured.advice == ()


def test_a_machine_bears_one_worker_at_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= machine.max_workers() <= machine.WORKERS_PER_CPU * 1024
    (tmp_path / "memory.max").write_text(f"{250 * 1024 * 1024}\n")
    monkeypatch.setattr(machine, "_CGROUP_LIMIT", tmp_path / "memory.max")
    assert machine.max_workers() == 2
    (tmp_path / "memory.max").write_text("1\n")
    assert machine.max_workers() == 1


async def test_a_change_tells_what_is_new_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    catalog = make_catalog(
        tmp_path, f"models: {{a: openai/x}}\nkeys: [{{key: {SAFE}, tier: basic}}]", data_dir=str(tmp_path)
    )
    (tmp_path / "turnout.yaml").chmod(0o600)
    catalog.log_advice()
    before = len(caplog.messages)
    (tmp_path / "turnout.yaml").write_text(f"models: {{b: openai/x}}\nkeys: [{{key: {SAFE}, tier: basic}}]")
    assert await catalog.reload()
    assert before >= 2
    assert [line.partition("models.")[2].partition(":")[0] for line in caplog.messages[before:]] == ["b"]


@pytest.mark.parametrize(
    ("text", "variables", "where"),
    [
        ("auth: {jwt: {secret: a-short-secret}}", {}, "turnout.yaml:1: auth.jwt.secret"),
        ("models: {a: ollama/x}", {"JWT_SECRET": "your-jwt-secret"}, "environment variable JWT_SECRET"),
    ],
)
def test_a_short_secret_of_tokens(tmp_path: Path, text: str, variables: dict[str, str], where: str) -> None:
    """It is taken all the same: earlier systems' examples have such ones."""
    assert advice(tmp_path, text, variables=variables) == [
        f"{where}: shorter than 32 bytes, so it may be guessed from a token, and whoever knows it can sign tokens. "
        "`openssl rand -hex 32` makes a good one"
    ]
    assert advice(tmp_path, f"auth: {{jwt: {{secret: {'s' * 32}}}}}") == []
