"""Marks reach every process, outlive the control process, and hold while it is gone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.host.stage import until
from turnout.errors import ControlRefused, ControlUnavailable
from turnout.host import (
    Control,
    HostFolder,
    LocalControl,
    RemoteControl,
    ServedControl,
    control_listener,
    new_host_folder,
)
from turnout.marks import HandMark, MarkFollower, MarkKeeper
from turnout.marks.sheet import LONGEST_ID, MOST_MARKS
from turnout.routing import Board, Mark


@asynccontextmanager
async def following(control: Control, data_dir: Path) -> AsyncIterator[tuple[MarkFollower, Board]]:
    board = Board()
    follower = MarkFollower(control, board, data_dir)
    task = asyncio.create_task(follower.run())
    try:
        yield follower, board
    finally:
        task.cancel()
        await asyncio.wait([task])


def control_of(data_dir: Path) -> LocalControl:
    control = LocalControl()
    MarkKeeper(data_dir).answer_with(control.handlers)
    return control


async def becomes(board: Board, marks: dict[str, Mark]) -> None:
    async def is_there() -> bool:
        return dict(board.marks) == marks

    await until(is_there)


async def test_a_mark_holds_until_it_is_taken_away(tmp_path: Path) -> None:
    async with following(control_of(tmp_path), tmp_path) as (follower, board):
        began = int(time.time())
        sheet = await follower.change("openai/m", "draining", "alice")
        mark = sheet.marks["openai/m"]
        assert (mark.state, mark.by, sheet.problem) == ("draining", "alice", None)
        assert began <= mark.since <= time.time()
        assert board.marks == {"openai/m": "draining"}
        await follower.change("other", "open", "")
        await follower.change("openai/m", None, "")
        assert board.marks == {"other": "open"}


async def test_the_same_mark_again_keeps_its_time(tmp_path: Path) -> None:
    (tmp_path / "marks.json").write_text('{"m": {"state": "open", "since": 5, "by": "alice"}}')
    control = control_of(tmp_path)
    async with following(control, tmp_path) as (follower, _):
        assert (await follower.change("m", "open", "bob")).marks["m"] == HandMark("open", 5, "alice")
        assert (await follower.change("m", "closed", "bob")).marks["m"].by == "bob"


async def test_others_are_told_at_once(tmp_path: Path) -> None:
    control = control_of(tmp_path)
    async with (
        following(control, tmp_path) as (first, _),
        following(control, tmp_path) as (_, second),
        following(control, tmp_path) as (_, third),
    ):
        began = time.monotonic()
        await first.change("m", "open", "")
        await becomes(second, {"m": "open"})
        await becomes(third, {"m": "open"})
        assert time.monotonic() - began < 1


async def test_a_process_that_starts_has_them_before_it_has_asked_anybody(tmp_path: Path) -> None:
    async with following(control_of(tmp_path), tmp_path) as (follower, _):
        await follower.change("m", "draining", "")
    board = Board()
    MarkFollower(LocalControl(), board, tmp_path)
    assert board.marks == {"m": "draining"}


@pytest.fixture
def folder(tmp_path: Path) -> HostFolder:
    return new_host_folder()


async def test_the_last_marks_hold_without_a_control_process_and_the_next_one_has_them(
    tmp_path: Path, folder: HostFolder
) -> None:
    with control_listener(folder.control) as listener:
        remote = RemoteControl(folder.control)
        async with remote.opened(), following(remote, tmp_path) as (follower, board):
            served = ServedControl(listener)
            MarkKeeper(tmp_path).answer_with(served.handlers)
            async with served.opened():
                await until(lambda: _is_asked(follower))
                await follower.change("m", "draining", "")
            await until(lambda: _is_refused(follower))
            assert board.marks == {"m": "draining"}
            successor = ServedControl(listener)
            MarkKeeper(tmp_path).answer_with(successor.handlers)
            async with successor.opened():
                before = follower.sheet.version
                await until(lambda: _has_another_version(follower, before))
                assert board.marks == {"m": "draining"}
                await follower.change("m", None, "")
                assert board.marks == {}
    folder.remove()


async def _is_asked(follower: MarkFollower) -> bool:
    return follower.sheet.version > 0


async def _has_another_version(follower: MarkFollower, before: int) -> bool:
    return follower.sheet.version != before


async def _is_refused(follower: MarkFollower) -> bool:
    try:
        await follower.change("m", "draining", "")
    except ControlUnavailable:
        return True
    return False


async def test_marks_that_cannot_be_kept_hold_all_the_same_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    async with following(control_of(tmp_path / "data"), tmp_path) as (follower, board):
        sheet = await follower.change("m", "open", "")
        assert board.marks == {"m": "open"}
        assert "the marks are lost when the control process ends" in str(sheet.problem)
        assert str(tmp_path / "data") in str(sheet.problem)


async def test_a_file_that_cannot_be_read_is_told_and_replaced_by_the_next_change(tmp_path: Path) -> None:
    (tmp_path / "marks.json").write_text("{")
    control = control_of(tmp_path)
    async with following(control, tmp_path) as (follower, board):
        await until(lambda: _is_asked(follower))
        assert "can't be read, so its marks are forgotten" in str(follower.sheet.problem)
        assert board.marks == {}
        assert (await follower.change("m", "open", "")).problem is None
    board = Board()
    MarkFollower(control, board, tmp_path)
    assert board.marks == {"m": "open"}


async def test_marks_are_bounded(tmp_path: Path) -> None:
    many = {str(number): {"state": "open", "since": 1} for number in range(MOST_MARKS - 1)}
    (tmp_path / "marks.json").write_text(json.dumps(many))
    async with following(control_of(tmp_path), tmp_path) as (follower, _):
        with pytest.raises(ControlRefused, match="can't be marked"):
            await follower.change("x" * (LONGEST_ID + 1), "open", "")
        await follower.change("x" * LONGEST_ID, "open", "")
        with pytest.raises(ControlRefused) as refused:
            await follower.change("one more", "open", "")
        assert refused.value.status == 409
        await follower.change("0", None, "")
        await follower.change("one more", "open", "")
