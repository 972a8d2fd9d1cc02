"""Small replies of real shapes are replayed as ``python -m scripts.replay`` replays recordings."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from scripts.replay import main
from tests.wire.recordings import READERS, Recording, recordings
from tests.wire.replaying import relay_faults, translation_faults
from tests.wire.shape import Shape, shapes

ANSWERS = [
    shape
    for shape in shapes()
    if shape.answer
    and not shape.answer.get("failure")
    and len(shape.answer["choices"]) == 1
    and "follows" not in shape.name
]
"""One answer, with nothing behind it."""

FOLDERS = {"openai": "openai/chat", "gemini": "google"}
"""Where a recording of a wire lies, where that isn't called as the wire."""


def recording_of(shape: Shape) -> Recording:
    lines = [shape.reply] if shape.stream is None else shape.stream.splitlines()
    events = tuple(json.loads(str(line)) for line in lines)
    return Recording(shape.name, shape.wire, shape.data, events, shape.stream is not None)


@pytest.mark.parametrize("shape", [pytest.param(shape, id=f"{shape.wire}: {shape.name}") for shape in ANSWERS])
def test_nothing_is_lost(shape: Shape) -> None:
    recording = recording_of(shape)
    assert [*relay_faults(recording), *translation_faults(recording)] == []


@pytest.mark.parametrize("wire", READERS)
def test_what_is_lost_is_noticed(wire: str) -> None:
    recording = next(recording_of(shape) for shape in ANSWERS if shape.wire == wire)
    without = msgspec.structs.replace(recording, events=())
    assert "decoded: " in next(translation_faults(without))


def test_a_folder_of_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, shape in enumerate(ANSWERS):
        folder = tmp_path / FOLDERS.get(shape.wire, shape.wire)
        folder.mkdir(parents=True, exist_ok=True)
        suffix = "json" if shape.stream is None else "chunks.txt"
        (folder / f"{number}.{suffix}").write_text(str(shape.reply or shape.stream))
    (tmp_path / "google/damaged.chunks.txt").write_text("{")
    assert main([str(tmp_path)]) == 0
    assert f"{len(ANSWERS)} recordings" in capsys.readouterr().out
    assert len(list(recordings(tmp_path))) == len(ANSWERS)
