"""``make test-clients`` in small: two clients that are in the tests' own environment do every task at a provider."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.clients import client as client_module
from scripts.clients.__main__ import at_provider
from scripts.clients.client import Client, ProgramClient
from scripts.clients.commands.llm import Llm
from scripts.clients.providers import PROVIDERS
from scripts.clients.tasks import TASKS

BY_NAME = {provider.name: provider for provider in PROVIDERS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the clients are installed: the environment of the tests itself."""
    for package in ("langchain", "llm"):
        (tmp_path / package).symlink_to(sys.prefix)
    monkeypatch.setattr(client_module, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("client", "provider"),
    [(Llm(), "anthropic"), (ProgramClient("langchain", "openai", "gpt-5.1"), "gemini")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
async def test_a_real_client_does_every_task(folder: Path, client: Client, provider: str) -> None:
    verdicts = await at_provider(client, BY_NAME[provider], TASKS, folder / "logs")
    assert verdicts == {task.name: "ok" for task in TASKS}


async def test_a_client_that_fails_is_told(folder: Path) -> None:
    """Its program doesn't start: no task may count as done."""
    nobody = ProgramClient("langchain", "no-such-way", "gpt-5.1")
    tasks = [task for task in TASKS if task.name in ("text", "cancel")]
    verdicts = await at_provider(nobody, BY_NAME["openai"], tasks, folder / "logs")
    assert verdicts == {
        "text": "the answer is not in what it printed",
        "cancel": "the provider's connection stayed open",
    }
    assert "KeyError" in (folder / "logs/text.log").read_text()
