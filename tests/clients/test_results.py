"""The results of earlier runs stay, until their client has another version."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from scripts.clients import page, results
from scripts.clients.client import ProgramClient
from scripts.clients.results import Results, put


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")
    monkeypatch.setattr(page, "PAGE", tmp_path / "clients.md")
    return tmp_path / "results.json"


def cells(file: Path) -> dict[str, dict[str, str]]:
    return msgspec.json.decode(file.read_bytes(), type=Results)["llm x"].cells


def test_a_run_of_one_task_keeps_the_others(file: Path) -> None:
    client = ProgramClient("llm", "x", "m")
    put(client, "openai", {"text": "ok", "tool": "no"})
    put(client, "openai", {"tool": "ok"})
    put(client, "gemini", {"text": "ok"})
    assert cells(file) == {"openai": {"text": "ok", "tool": "ok"}, "gemini": {"text": "ok"}}
    assert "| llm x | ✓ |" in (file.parent / "clients.md").read_text()


def test_a_task_that_a_client_has_no_way_for_is_forgotten(file: Path) -> None:
    put(ProgramClient("llm", "x", "m"), "openai", {"text": "ok", "tool": "no"})
    put(ProgramClient("llm", "x", "m", {"tool": "none"}), "gemini", {"text": "ok"})
    assert cells(file) == {"openai": {"text": "ok"}, "gemini": {"text": "ok"}}


def test_another_version_begins_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(ProgramClient("llm", "x", "m"), "openai", {"text": "ok"})
    monkeypatch.setattr(results, "versions", lambda _: ["llm==9"])
    put(ProgramClient("llm", "x", "m"), "gemini", {"text": "ok"})
    assert cells(file) == {"gemini": {"text": "ok"}}
