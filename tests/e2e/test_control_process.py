"""Several processes of one service, of which one is the control process: its death, its successor, its end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_operations import STREAM, TWO_WORKERS, begin_stream, both_workers, eventually, refuses, worker_pids
from tests.simulator.raw import ask as ask_raw
from tests.support.openai_wire import DONE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Visit
from tests.support.turnout_server import StartTurnout, TurnoutServer

ECHO = "models: {echo: echo/echo}\n"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Upstream:
    """Says a word, and the next one when it is ``released``."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def answer(self, visit: Visit) -> None:
        await visit.request()
        await visit.send(STREAM, sse(chunk(delta(content="word1"))))
        await self.released.wait()
        await visit.send(sse(chunk(delta(content="word2", finish="stop"))), DONE)


@pytest.fixture
async def upstream() -> Upstream:
    return Upstream()


async def control_of(server: TurnoutServer) -> dict[str, Any]:
    control: dict[str, Any] = (await ask_raw(f"{server.url}/health")).json["parts"]["control"]
    return control


async def control_pid(server: TurnoutServer) -> int:
    """On a busy machine an answer may miss its deadline of 100 ms. Then the question is asked again."""
    for _ in range(100):
        if (pid := (await control_of(server))["pid"]) is not None:
            return int(pid)
    raise AssertionError("the control process never answered in time")


async def is_up(server: TurnoutServer) -> bool:
    return bool((await control_of(server))["ok"])


def process_of(server: TurnoutServer, request_id: str) -> int:
    """The request is in the journal of the process that has it."""
    (segment,) = [p for p in (server.data_dir / "journal").glob("*/*.log") if request_id in p.read_text()]
    return int(segment.parent.name.partition("-")[0])


async def a_stream_in_each_process(server: TurnoutServer) -> dict[int, Stream]:
    streams: dict[int, Stream] = {}
    while len(streams) < 2:
        request_id, reader, writer = await begin_stream(server, "held")
        pid = process_of(server, request_id)
        if pid in streams:
            writer.close()
        else:
            streams[pid] = reader, writer
    return streams


class Asker:
    """Asks for the health of one process, over one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def control(self) -> dict[str, Any]:
        self._writer.write(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"content-length: (\d+)", head)
        assert length is not None
        control: dict[str, Any] = json.loads(await self._reader.readexactly(int(length[1])))["parts"]["control"]
        return control

    async def control_until_up(self) -> list[dict[str, Any]]:
        """All that it tells until the control process is there again."""
        told = [await self.control()]
        while not told[-1]["ok"]:
            told.append(await self.control())
            await asyncio.sleep(0.005)
        return told

    def close(self) -> None:
        self._writer.close()


async def test_the_death_of_the_control_process_disturbs_no_other(
    start_turnout: StartTurnout, upstream: Upstream
) -> None:
    async with RawUpstream(upstream.answer) as at:
        held = {"provider": "openai", "model": "m", "base_url": f"{at.origin}/v1", "api_key": "sk-1"}
        server = start_turnout({"models": {"held": {"deployments": [held]}}}, args=TWO_WORKERS)
        await both_workers(server)
        await eventually(lambda: is_up(server), True)
        first = await control_pid(server)
        streams = await a_stream_in_each_process(server)
        (other,) = streams.keys() - {first}
        os.kill(first, signal.SIGKILL)
        await asyncio.to_thread(server.program.wait_for_log, "the control process died and is replaced")
        asker = Asker(*await asyncio.open_connection("127.0.0.1", server.port))  # only the other one is left
        *away, back = await asker.control_until_up()
        assert away
        assert all("try again in a moment" in told["error"] for told in away)
        second = back["pid"]
        assert second not in (first, other)
        assert second in worker_pids(server)
        upstream.released.set()
        reader, _ = streams[other]
        await reader.readuntil(b"word2")
        await reader.readuntil(b"[DONE]")
        asker.close()
        for _, writer in streams.values():
            writer.close()
        await asyncio.to_thread(server.stop)


async def test_the_control_process_leaves_last(start_turnout: StartTurnout, upstream: Upstream) -> None:
    async with RawUpstream(upstream.answer) as at:
        held = {"provider": "openai", "model": "m", "base_url": f"{at.origin}/v1", "api_key": "sk-1"}
        server = start_turnout({"models": {"held": {"deployments": [held]}}}, args=TWO_WORKERS)
        await both_workers(server)
        await eventually(lambda: is_up(server), True)
        control = await control_pid(server)
        streams = await a_stream_in_each_process(server)
        (other,) = streams.keys() - {control}
        streams.pop(control)[1].close()
        server.program.signal(signal.SIGTERM)
        await asyncio.to_thread(server.program.wait_for_log, "the control process waits for 1 others to end")
        assert refuses(server.port)
        upstream.released.set()
        reader, writer = streams[other]
        assert b"[DONE]" in await reader.read()
        writer.close()
        assert await asyncio.to_thread(server.program.wait) == 0
        lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        assert [line["pid"] for line in lines if line["event"] == "stopped"] == [other, control]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A socket's path has 107 bytes at most, which a test's usual folder may need for itself."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        yield Path(path)


def sockets_in(folder: Path) -> set[Path]:
    return set(folder.glob("turnout-run-*/control"))


async def test_two_services_of_one_machine_have_a_control_process_each(
    start_turnout: StartTurnout, temporary: Path
) -> None:
    """One is killed as a whole: the next start removes its socket, and that of the other stays."""
    env = {"TMPDIR": str(temporary)}
    killed, other = (start_turnout(ECHO, args=TWO_WORKERS, env=env) for _ in range(2))
    for server in (killed, other):
        await both_workers(server)
        await eventually(partial(is_up, server), True)
        assert await control_pid(server) in worker_pids(server)
    sockets = sockets_in(temporary)
    assert len(sockets) == 2
    await asyncio.to_thread(killed.kill)
    assert sockets_in(temporary) == sockets
    again = start_turnout(ECHO, args=TWO_WORKERS, env=env, folder=killed.folder)
    await eventually(lambda: is_up(again), True)
    await eventually(lambda: is_up(other), True)
    assert len(sockets - sockets_in(temporary)) == 1
    for server in (again, other):
        await asyncio.to_thread(server.stop)
    assert sockets_in(temporary) == set()
