"""A mark that an admin sets at one of several processes holds in all of them, and outlives any of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from tests.e2e.test_control_process import control_pid, is_up
from tests.e2e.test_operations import eventually, worker_pids
from tests.simulator.raw import ask
from tests.support.turnout_server import StartTurnout, TurnoutServer

WORKERS = 4
WITHIN = 1.0
"""Seconds until every process knows of a mark."""
MODELS = {"pair": {"deployments": [{"provider": "echo", "model": "one"}, {"provider": "echo", "model": "two"}]}}
BODY = {"model": "pair", "messages": [{"role": "user", "content": "hi"}]}


class Connections:
    """Connections that stay open, one to each process: the process that accepts a connection keeps it."""

    def __init__(self, server: TurnoutServer) -> None:
        self._server = server
        self._open: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def to_each_process(self) -> None:
        while len(self._open) < WORKERS:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
            told = await _post(reader, writer)
            process = told["x-request-id"][:-8]  # an id begins with its process
            if process in self._open:
                writer.close()
            else:
                self._open[process] = reader, writer

    async def answering(self) -> list[str]:
        """The deployment that answers at each process."""
        told = await asyncio.gather(*(_post(*connection) for connection in self._open.values()))
        return [headers["x-turnout-deployment"] for headers in told]

    def close(self) -> None:
        for _, writer in self._open.values():
            writer.close()


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Mapping[str, str]:
    body = json.dumps(BODY).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    await reader.readexactly(int(headers["content-length"]))
    return headers


async def mark(server: TurnoutServer, id_: str, state: str | None) -> dict[str, Any]:
    json_ = {"content-type": "application/json"}
    answer = await ask(f"{server.url}/v1/deployments/{id_}", {"mark": state}, json_, method="PUT")
    assert answer.status == 200, answer.body
    told: dict[str, Any] = answer.json
    return told


async def state_by_hand(server: TurnoutServer) -> str | None:
    """What any process says of the deployment for all of them."""
    rows = (await ask(f"{server.url}/v1/deployments")).json["data"]
    states: dict[str, str | None] = {row["id"]: row["by_hand"] for row in rows}
    return states["echo/one"]


async def test_a_drain_reaches_every_process_within_a_second_and_outlives_them(start_turnout: StartTurnout) -> None:
    server = start_turnout({"models": MODELS}, args=("--workers", str(WORKERS)))
    await asyncio.to_thread(server.program.wait_for, lambda: len(worker_pids(server)) == WORKERS, "all workers")
    await eventually(lambda: is_up(server), True)
    connections = Connections(server)
    await connections.to_each_process()
    assert await connections.answering() == ["echo/one"] * WORKERS

    await mark(server, "echo/one", "draining")
    marked = asked = time.monotonic()
    while await connections.answering() != ["echo/two"] * WORKERS:
        assert asked - marked < WITHIN
        asked = time.monotonic()
    connections.close()
    await eventually(lambda: state_by_hand(server), "drained")

    for pid in (await control_pid(server), next(iter(worker_pids(server)))):
        await _kill(server, pid)
        after = Connections(server)
        await after.to_each_process()
        assert await after.answering() == ["echo/two"] * WORKERS
        after.close()
        await eventually(lambda: state_by_hand(server), "drained")  # a dead process has nothing under way

    await eventually(lambda: is_up(server), True)
    await mark(server, "echo/one", None)
    last = Connections(server)
    await last.to_each_process()

    async def answering() -> list[str]:
        return await last.answering()

    await eventually(answering, ["echo/one"] * WORKERS)
    last.close()


async def _kill(server: TurnoutServer, pid: int) -> None:
    """Kills a process, and waits for its successor."""
    before = worker_pids(server)
    if pid in before:
        os.kill(pid, signal.SIGKILL)

    def is_replaced() -> bool:
        now = worker_pids(server)
        return pid not in now and len(now) == WORKERS

    await asyncio.to_thread(server.program.wait_for, is_replaced, "a new worker")
