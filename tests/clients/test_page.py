"""docs/clients.md is what the last runs of the clients came to."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from scripts.clients.client import KEY, CommandClient, Place
from scripts.clients.clients import CLIENTS
from scripts.clients.page import PAGE, SETUP, page
from scripts.clients.results import FILE, Results, Row

ROWS = {
    "codex": Row(
        versions=["codex@1"],
        date="2026-11-30",
        lacks={"image": "it has no eyes"},
        cells={
            "openai": {"text": "ok", "tool": "ok"},
            "gemini": {"text": "ok", "tool": "refused: no 'x'"},
            "ollama": {"text": "Turnout says: The provider 'ollama' is | gone.", "tool": "ok"},
            "vllm": {"text": "Turnout says: The provider 'vllm' is | gone.", "tool": "it left"},
        },
    )
}


def test_the_page_shows_what_the_last_runs_came_to() -> None:
    assert PAGE.read_text() == page(msgspec.json.decode(FILE.read_bytes(), type=Results))


def test_a_cell_is_green_or_names_the_tasks() -> None:
    row = next(line for line in page(ROWS).splitlines() if line.startswith("| codex | ✓"))
    cells = ["✓", "not run", "not run", "refused: tool", "✗ text", "✗ all", "not run", "not run"]
    assert row == f"| codex | {' | '.join(cells)} | 2026-11-30 |"


def test_the_words_of_what_went_wrong_are_below() -> None:
    lines = page(ROWS).splitlines()
    assert "| codex | tool | gemini | refused: no 'x' |" in lines
    assert "| codex | text | ollama, vllm | Turnout says: The provider is / gone. |" in lines
    assert "| codex | image | it has no eyes |" in lines
    assert "| codex | `codex@1` |" in lines


def test_nothing_wrong_is_said_so() -> None:
    green = Row(versions=[], date="", lacks={}, cells={"openai": {"text": "ok"}})
    assert "## What went wrong\n\nNothing.\n" in page({"codex": green})


# --- what to set -------------------------------------------------------------------------------------------

COMMANDS = {client.name: client for client in CLIENTS if isinstance(client, CommandClient)}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_names_what_a_run_sets(name: str, tmp_path: Path) -> None:
    """Each variable and each option that holds the key or Turnout's address, and each file that does."""
    client, place = COMMANDS[name], Place("http://turnout.test", tmp_path / "home", tmp_path / "work")
    for folder in (place.home, place.work):
        folder.mkdir()
    command = client.command("text", "Hi.", place)
    setup = SETUP.read_text()
    section = setup[setup.index(f"**{TITLES[client.package]}**") :].split("\n\n**")[0]
    words = [str(word) for word in command.words]
    named = [variable for variable, value in command.environ.items() if KEY in value or place.url in value]
    named += [option for option, value in pairwise(words) if KEY in value or place.url in value]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and place.url in path.read_text()]
    assert [name for name in (*named, *[path.name for path in files]) if name not in section] == []
    assert named or files


def test_every_way_of_a_library_is_on_the_page() -> None:
    table = SETUP.read_text().partition("**Libraries**")[2]
    ways = [client.name.split()[1] for client in CLIENTS if client.name not in COMMANDS]
    assert [way for way in ways if way not in table] == []


TITLES = {
    "claude-code": "Claude Code",
    "codex": "Codex",
    "gemini-cli": "Gemini CLI",
    "opencode": "opencode",
    "aider": "aider",
    "llm": "llm",
}
