"""What is kept of a client's requests: no machine, no person, no long prose, nothing twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.clients import recorded
from scripts.clients.client import KEY
from scripts.clients.recorded import keep, trimmed
from scripts.clients.recorder import Exchange

SIGNATURE = "c2lnbmF0dXJl" * 40


def asked(prompt: str, **more: object) -> Exchange:
    content = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}], **more})
    return Exchange("POST", "/v1/messages", {"user-agent": "c/1", "x-api-key": KEY}, content.encode())


def kept(folder: Path, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((folder / name).read_bytes())
    return rows


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    return tmp_path


def test_paths_keys_and_persons_are_taken_out() -> None:
    said = {"text": f"In {Path('/')}home/ada/x.py of ada@lovelace.org with {KEY}", "n": [1, None]}
    assert trimmed(said) == {"text": "In /elsewhere of someone@example.com with KEY", "n": [1, None]}


def test_prose_is_cut_and_signatures_are_not() -> None:
    prose = "Be very kind. " * 50
    assert trimmed([prose, SIGNATURE]) == [prose[: recorded.LONGEST_PROSE] + "…", SIGNATURE]


def test_a_request_of_the_same_shape_is_kept_once(folder: Path) -> None:
    keep("a client", "text", [asked("one"), asked("two"), asked("three", stream=True)])
    keep("a client", "stream", [asked("four", stream=True)])
    assert [row["body"]["messages"][0]["content"] for row in kept(folder, "a-client-text.json")] == ["one", "three"]  # type: ignore[index]
    assert [file.name for file in folder.iterdir()] == ["a-client-text.json"]


def test_headers_with_keys_are_left_out(folder: Path) -> None:
    keep("c", "text", [asked("one")])
    assert kept(folder, "c-text.json")[0]["headers"] == {"user-agent": "c/1"}
