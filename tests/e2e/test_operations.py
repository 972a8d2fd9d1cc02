"""Several workers behind one port, workers that die, and servers that are told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.e2e.backends import simulator_address
from tests.e2e.stage import PATIENCE, counted
from tests.simulator.raw import ask as ask_raw
from tests.simulator.raw import send as send_raw
from tests.support.openai_wire import DONE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Visit
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer

REQUESTS = 120
AT_ONCE = 12
TWO_WORKERS = ("--workers", "2")
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
BODY = {"model": "sim", "messages": [{"role": "user", "content": "one two three"}]}
Start = Callable[[Sequence[str]], TurnoutServer]
workers = pytest.mark.parametrize("args", [(), TWO_WORKERS], ids=["alone", "two-workers"])


@pytest.fixture
def start(start_turnout: StartTurnout, simulator: Simulator) -> Start:
    """A server of its own for each test: these don't outlive it."""
    address = simulator_address(simulator, "openai")
    deployments = {
        "sim": {"provider": "openai", "model": "sim", "base_url": address},
        "endless": {"provider": "openai", "model": "sim-words-100000-slow-between-50", "base_url": address},
    }
    config = {"models": {name: {"deployments": [told]} for name, told in deployments.items()}}
    return lambda args: start_turnout(config, env={"OPENAI_API_KEY": "sk-1"}, args=args)


async def ask_many(server: TurnoutServer, count: int = REQUESTS) -> list[str]:
    """Asks over a connection of its own each time. The requests' ids."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask() -> str:
        async with gate:
            reply = await ask_raw(f"{server.url}/v1/chat/completions", BODY)
            assert reply.status == 200
            return reply.headers["x-request-id"]

    return list(await asyncio.gather(*(ask() for _ in range(count))))


async def begin_stream(server: TurnoutServer, model: str) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has begun: the request's id, and the connection after its headers."""
    reader, writer = await send_raw(f"{server.url}/v1/chat/completions", BODY | {"model": model, "stream": True})
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    (request_id,) = [line.split(": ")[1] for line in head.splitlines() if line.startswith("x-request-id")]
    await reader.readuntil(b"word1")
    return request_id, reader, writer


async def eventually(found: Callable[[], Awaitable[Any]], expected: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while (value := await found()) != expected:
        assert time.monotonic() < deadline, f"{value} never became {expected}"
        await asyncio.sleep(0.05)


async def answered(server: TurnoutServer) -> float:
    metrics = (await ask_raw(f"{server.url}/metrics")).body.decode()
    return counted(metrics, "turnout_request_seconds_count", status="200")


async def outcome(server: TurnoutServer, request_id: str) -> str:
    reply = await ask_raw(f"{server.url}/v1/requests/{request_id}")
    if reply.status != 200:
        return f"status {reply.status}"
    (attempt,) = reply.json["attempts"]
    return str(attempt["outcome"])


def worker_pids(server: TurnoutServer) -> set[int]:
    """Each process has a folder in the journal for as long as it lives; its name begins with its id."""
    return {int(folder.name.partition("-")[0]) for folder in (server.data_dir / "journal").iterdir()}


async def both_workers(server: TurnoutServer) -> None:
    """The server is ready with the first one."""
    await asyncio.to_thread(server.program.wait_for, lambda: len(worker_pids(server)) == 2, "second worker")


async def test_metrics_add_up_and_the_ledger_misses_nothing(start: Start) -> None:
    server = start(TWO_WORKERS)
    await both_workers(server)
    ids: list[str] = []
    while len({request_id[:-8] for request_id in ids}) < 2:  # an id begins with its process
        ids += await ask_many(server)
        assert len(ids) < 20 * REQUESTS, "one worker answers everything"
    await eventually(lambda: answered(server), len(ids))
    outcomes = [await outcome(server, request_id) for request_id in ids]
    assert outcomes == ["ok"] * len(ids)
    assert await answered(server) == len(ids)


async def test_a_killed_worker_loses_no_finished_attempt(start: Start) -> None:
    """It is started again, what it left is settled, and no counter goes back."""
    server = start(TWO_WORKERS)
    await both_workers(server)
    before = worker_pids(server)
    in_flight, _, writer = await begin_stream(server, "endless")
    ids = await ask_many(server)
    await eventually(lambda: answered(server), REQUESTS)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    writer.close()
    await asyncio.to_thread(server.program.wait_for, lambda: worker_pids(server).isdisjoint(before), "new workers")
    for request_id in ids:
        await eventually(partial(outcome, server, request_id), "ok")
    assert await outcome(server, in_flight) == "lost"
    await ask_many(server, 10)
    await eventually(lambda: answered(server), REQUESTS + 10)


async def test_a_crash_of_everything_loses_no_finished_attempt(start: Start, start_turnout: StartTurnout) -> None:
    server = start(())
    ids = await ask_many(server, 20)
    server.kill()
    again = start_turnout(server.config_path.read_text(), env={"OPENAI_API_KEY": "sk-1"}, folder=server.folder)
    for request_id in ids:
        await eventually(partial(outcome, again, request_id), "ok")


@workers
async def test_sigterm_lets_streams_come_to_their_end(start_turnout: StartTurnout, args: tuple[str, ...]) -> None:
    refused = asyncio.Event()

    async def answer(visit: Visit) -> None:
        await visit.request()
        await visit.send(STREAM, sse(chunk(delta(content="word1"))))
        await refused.wait()
        await visit.send(sse(chunk(delta(content="word2", finish="stop"))), DONE)

    async with RawUpstream(answer) as upstream:
        held = {"provider": "openai", "model": "m", "base_url": f"{upstream.origin}/v1", "api_key": "sk-1"}
        server = start_turnout({"models": {"held": {"deployments": [held]}}}, args=args)
        _, reader, writer = await begin_stream(server, "held")
        server.program.signal(signal.SIGTERM)
        await asyncio.to_thread(server.program.wait_for, lambda: refuses(server.port), "refused connections")
        refused.set()
        rest = await reader.read()
        assert b"word2" in rest
        assert b"data: [DONE]" in rest
        writer.close()
        assert await asyncio.to_thread(server.program.wait) == 0


@workers
async def test_sigterm_ends_an_idle_server_at_once(start: Start, args: tuple[str, ...]) -> None:
    server = start(args)
    began = time.monotonic()
    await asyncio.to_thread(server.stop)
    assert time.monotonic() - began < 10  # of the 30 s that streams would be given


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
