"""Lists of models are made beside the event loop, one at a time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from tests.support.asgi import InProcess
from turnout.server.control import one_at_a_time
from turnout.server.control.one_at_a_time import OneAtATime


async def test_one_piece_of_work_at_a_time_and_none_of_it_on_the_loop() -> None:
    turns, at_once, threads = OneAtATime(), [0], set()

    def work() -> int:
        at_once.append(at_once[0] + 1)
        at_once[0] += 1
        threads.add(threading.get_ident())
        at_once[0] -= 1
        return 5

    assert await asyncio.gather(*(turns(work) for _ in range(20))) == [5] * 20
    assert max(at_once) == 1
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/models", "/api/tags", "/api/models", "/v1/llm/models"])
async def test_every_list_is_made_there(open_app: InProcess, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    paths = []

    async def noted(work: Callable[[], object]) -> object:
        paths.append(path)
        return await asyncio.to_thread(work)

    monkeypatch.setattr(one_at_a_time.OneAtATime, "__call__", lambda _, work: noted(work))
    assert (await open_app.ask("GET", path)).status == 200
    assert paths == [path]
