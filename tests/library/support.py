"""A place without keys, servers and files but a test's own, and short ways to configure the simulator in it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.turnout_server import NO_LOCAL_SERVERS
from turnout.providers import registry

SETTINGS = ("TURNOUT_CONFIG", "TURNOUT_DATA_DIR", "DATABASE_URL", "HOST", "PORT", "DEBUG", "LOG_LEVEL", "LOG_FORMAT")
BASES = {
    "openai": "/v1",
    "azure": "",
    "anthropic": "",
    "gemini": "/v1beta",
    "ollama": "",
    "llamacpp": "/llamacpp/v1",
    "vllm": "/vllm/v1",
}
"""The path of each provider's wire at the simulator."""

PROVIDERS = tuple(BASES)
FREE = {"input": 0, "output": 0}
UNPRICED = object()
LOCAL = ("ollama", "llamacpp", "vllm")


def isolate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Hides the keys, servers, settings and configuration file of this machine."""
    profiles = [provider.profile for provider in registry().values()]
    for profile in profiles:
        for name in (*profile.url_variables, *profile.key_variables):
            monkeypatch.delenv(name, raising=False)
    for name in (*SETTINGS, "AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    for name, address in NO_LOCAL_SERVERS.items():
        monkeypatch.setenv(name, address)
    monkeypatch.chdir(folder)


def configured(url: str, models: Mapping[str, Any], **more: Any) -> str:
    """Writes ``turnout.yaml`` into the current folder, and gives its path.

    Deployments written as ``provider/model`` are at the simulator's ``url``; a model may be one of them. A model
    without a price is free. ``UNPRICED`` leaves it to the price book.
    """
    configuration = {"models": {name: _model(url, model) for name, model in models.items()}, **more}
    Path("turnout.yaml").write_text(yaml.safe_dump(configuration, sort_keys=False))
    return "turnout.yaml"


def _model(url: str, model: Any) -> Any:
    fields = {"price": FREE} | ({"deployments": [model]} if isinstance(model, str) else model)
    deployments = [_deployment(url, deployment) for deployment in fields["deployments"]]
    return {name: value for name, value in fields.items() if value is not UNPRICED} | {"deployments": deployments}


def _deployment(url: str, deployment: Any) -> Any:
    if not isinstance(deployment, str) or deployment.startswith("echo/"):
        return deployment
    provider, _, model = deployment.partition("/")
    key = "sk-ant-test" if provider == "anthropic" else "sk-test"
    return {"provider": provider, "model": model, "base_url": f"{url}{BASES[provider]}", "api_key": key}


def written(name: str, text: str) -> str:
    """Writes a file into the current folder, and gives its path."""
    Path(name).write_text(text)
    return name


async def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Waits until the condition is true, or fails."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # the condition changes on the other side of a socket
            await asyncio.sleep(0.005)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def attempts(data_dir: str = "data") -> list[dict[str, Any]]:
    """The ledger's rows of a closed Turnout, oldest first."""
    database = sqlite3.connect(Path(data_dir) / "turnout.db")
    database.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in database.execute("SELECT * FROM attempts ORDER BY started")]
    finally:
        database.close()
