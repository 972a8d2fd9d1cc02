"""What a running service makes of signals, and of its parent's end."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.backends import simulator_address
from tests.e2e.test_operations import TWO_WORKERS, eventually, outcome, worker_pids, workers
from tests.simulator.raw import ask as ask_raw
from tests.simulator.raw import send as send_raw
from tests.support.process import Program, free_port
from tests.support.simulator import Simulator
from tests.support.turnout_server import COMMAND, NO_LOCAL_SERVERS, StartTurnout, TurnoutServer

BODY = b'{"model": "echo", "messages": [{"role": "user", "content": "hello"}]}'
ASK = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


@workers
async def test_sighup_has_the_configuration_read_again(start_turnout: StartTurnout, args: tuple[str, ...]) -> None:
    server = start_turnout("models: {one: echo/echo}\n", args=args)
    before = server.config_path.stat()
    server.config_path.write_text("models: {two: echo/echo}\n")
    os.utime(server.config_path, ns=(before.st_atime_ns, before.st_mtime_ns))  # so that nobody else notices
    server.program.signal(signal.SIGHUP)
    await asyncio.to_thread(server.program.wait_for_log, "configuration loaded")
    question = {"model": "two", "messages": [{"role": "user", "content": "x"}]}
    assert (await ask_raw(f"{server.url}/v1/chat/completions", question)).status == 200
    await asyncio.to_thread(server.stop)


class Asker:
    """Asks until nobody is there, on one connection or on a new one each time."""

    def __init__(self, port: int, *, keep: bool) -> None:
        self._port = port
        self._keep = keep
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = False
        self.answers = 0
        self.stopping = False
        self.dropped = 0  # requests that were sent and not answered

    async def run(self, enough: asyncio.Event) -> None:
        """A request on a used connection, sent after the signal, may meet its end: the server can't know of it."""
        while await self._connected():
            may_be_late = self.stopping and self._used
            try:
                await self._ask()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.dropped += not may_be_late
                return
            if self.answers == 5:
                enough.set()

    async def _connected(self) -> bool:
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
                self._used = False
            except OSError:
                return False
        return True

    async def _ask(self) -> None:
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(ASK)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert b"hello" in await reader.readexactly(length)
        self.answers += 1
        self._used = True
        if not self._keep or b"connection: close" in head:
            writer.close()
            self._streams = None


@workers
async def test_requests_before_sigterm_are_answered(start_turnout: StartTurnout, args: tuple[str, ...]) -> None:
    """One connection may come in the instant between the last look for newcomers and the end of listening."""
    server = start_turnout("models: {echo: echo/echo}\n", args=args)
    enough = asyncio.Event()
    askers = [Asker(server.port, keep=number % 2 == 0) for number in range(60)]
    asking = [asyncio.create_task(asker.run(enough)) for asker in askers]
    await enough.wait()
    server.program.signal(signal.SIGTERM)
    for asker in askers:
        asker.stopping = True
    await asyncio.gather(*asking)
    assert sum(asker.answers for asker in askers) >= 5
    assert sum(asker.dropped for asker in askers) <= 2
    assert await asyncio.to_thread(server.program.wait) == 0


MESSAGES = [{"role": "user", "content": "x"}]
ASKED = {"model": "endless", "stream": True}
STREAMS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": ASKED | {"messages": MESSAGES},
    "/v1/responses": ASKED | {"input": "x"},
    "/v1/messages": ASKED | {"messages": MESSAGES, "max_tokens": 10_000},
    "/api/chat": ASKED | {"messages": MESSAGES},
    "/v1beta/models/endless:streamGenerateContent?alt=sse": {"contents": [{"parts": [{"text": "x"}]}]},
}
DRAINED = "is being stopped"


async def test_answers_that_outlast_the_drain_end_with_an_error_and_are_in_the_ledger(
    start_turnout: StartTurnout, simulator: Simulator
) -> None:
    """Streams in every dialect, and answers that haven't begun."""
    address = simulator_address(simulator, "openai")
    endless = {
        "provider": "openai",
        "model": "sim-words-1000-slow-between-300",
        "base_url": address,
        "api_key": "sk-1",
    }
    silent = {"provider": "openai", "model": "sim-no-reply", "base_url": address, "api_key": "sk-1"}
    config = {
        "server": {"drain": 0.5},
        "models": {"endless": {"deployments": [endless]}, "silent": {"deployments": [silent]}},
    }
    server = start_turnout(config)
    unsaid = [STREAMS["/v1/chat/completions"] | {"model": "silent", "stream": stream} for stream in (True, False)]
    waiting = [asyncio.create_task(ask_raw(f"{server.url}/v1/chat/completions", body)) for body in unsaid]
    streams = [await begun(server.url + path, body) for path, body in STREAMS.items()]
    await eventually(lambda: in_flight(server), len(streams) + len(waiting))
    server.program.signal(signal.SIGTERM)
    rests = [(await reader.read()).decode() for _, reader, _ in streams]
    whole = [await task for task in waiting]
    for _, _, writer in streams:
        writer.close()
    assert await asyncio.to_thread(server.program.wait) == 0
    assert "Traceback" not in server.log()
    assert [path for path, rest in zip(STREAMS, rests, strict=True) if DRAINED not in rest] == []
    assert [rest[-5:] for rest in rests] == ["0\r\n\r\n"] * len(rests)  # HTTP's own end: nothing was cut
    assert [(reply.status, DRAINED in reply.body.decode()) for reply in whole] == [(503, True)] * len(whole)
    again = start_turnout(config, folder=server.folder)
    ids = [id_ for id_, _, _ in streams] + [reply.headers["x-request-id"] for reply in whole]
    assert [await outcome(again, id_) for id_ in ids] == ["drained"] * len(ids)


async def begun(url: str, body: Mapping[str, Any]) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream whose first word is there, and the request's id."""
    reader, writer = await send_raw(url, body)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    await reader.readuntil(b"word1")
    return head.partition("x-request-id: ")[2].split("\r\n")[0], reader, writer


async def in_flight(server: TurnoutServer) -> int:
    metrics = (await ask_raw(f"{server.url}/metrics")).body.decode()
    return int(metrics.partition("\nturnout_in_flight ")[2].split()[0])


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A socket's path has 107 bytes at most, which a test's usual folder may need for itself."""
    with tempfile.TemporaryDirectory(prefix="t-") as path:
        yield Path(path)


def test_when_the_parent_is_killed_its_workers_end_and_tidy_up(start_turnout: StartTurnout, short_folder: Path) -> None:
    server = start_turnout("models: {echo: echo/echo}\n", args=TWO_WORKERS, env={"TMPDIR": str(short_folder)})
    server.program.wait_for(lambda: len(worker_pids(server)) == 2, "second worker")
    (folder,) = short_folder.glob("turnout-run-*")
    pids = worker_pids(server)
    server.program.signal(signal.SIGKILL)
    server.program.wait()
    again = start_turnout("models: {echo: echo/echo}\n", folder=server.folder)
    again.program.wait_for(lambda: not any(map(is_alive, pids)), "end of the workers")
    assert not folder.exists()
    again.stop()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Program]:
    options = ["--port", str(free_port()), "--data-dir", str(tmp_path / "data"), "--workers", "8"]
    program = Program("turnout serve", [COMMAND, "serve", *options], tmp_path / "log", NO_LOCAL_SERVERS)
    yield program
    program.kill()


def test_a_service_that_is_still_starting_can_be_stopped(starting: Program) -> None:
    starting.wait_for_log("listening")
    starting.signal(signal.SIGTERM)
    assert starting.wait(10) == 0
