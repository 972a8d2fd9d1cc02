"""docs/clients.md is what the last runs of the clients came to."""

from __future__ import annotations

import msgspec

from scripts.clients.page import PAGE, page
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
