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
"""Where the simulator speaks each provider's wire."""

PROVIDERS = tuple(BASES)
FREE = {"input": 0, "output": 0}
UNPRICED = object()
LOCAL = ("ollama", "llamacpp", "vllm")


def isolate(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing of this machine is found: neither keys nor servers, no settings, no configuration file."""
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

    Deployments written as ``provider/model`` are at the simulator's ``url``; a model may be one of them. What has no
    price is free. ``UNPRICED`` leaves it to the price book.
    """
    told = {"models": {name: _model(url, said) for name, said in models.items()}, **more}
    Path("turnout.yaml").write_text(yaml.safe_dump(told, sort_keys=False))
    return "turnout.yaml"


def _model(url: str, said: Any) -> Any:
    told = {"price": FREE} | ({"deployments": [said]} if isinstance(said, str) else said)
    deployments = [_deployment(url, deployment) for deployment in told["deployments"]]
    return {name: value for name, value in told.items() if value is not UNPRICED} | {"deployments": deployments}


def _deployment(url: str, said: Any) -> Any:
    if not isinstance(said, str) or said.startswith("echo/"):
        return said
    provider, _, model = said.partition("/")
    key = "sk-ant-test" if provider == "anthropic" else "sk-test"
    return {"provider": provider, "model": model, "base_url": f"{url}{BASES[provider]}", "api_key": key}


def written(name: str, text: str) -> str:
    """Writes a file into the current folder, and gives its path."""
    Path(name).write_text(text)
    return name


async def soon(true: Callable[[], bool], seconds: float = 5) -> None:
    """Waits until it is true, or fails."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # what is looked at is on the other side of a socket
            await asyncio.sleep(0.005)


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def attempts(data_dir: str = "data") -> list[dict[str, Any]]:
    """What the ledger has of a Turnout that was closed, oldest first."""
    database = sqlite3.connect(Path(data_dir) / "turnout.db")
    database.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in database.execute("SELECT * FROM attempts ORDER BY started")]
    finally:
        database.close()
