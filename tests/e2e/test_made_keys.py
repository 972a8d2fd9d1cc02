"""Keys made at one process are good at all of them within a second or so, and no longer when they end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.raw import ask
from tests.support.postgres import Postgres
from tests.support.turnout_server import StartTurnout, TurnoutServer, turnouts

ADMIN = "tk-admin-SECRET"
WORKERS = 2
WITHIN = 1.5
"""Seconds until every process knows of a change."""
CONFIG = {
    "discovery": False,
    "models": {"echo": "echo/echo"},
    "keys": [{"key": ADMIN, "name": "boss", "admin": True}],
}
BODY = json.dumps({"model": "echo", "messages": [{"role": "user", "content": "hi"}]}).encode()


class Processes:
    """A connection to each process, which stays open: the process that accepts a connection keeps it."""

    def __init__(self, server: TurnoutServer) -> None:
        self.server = server
        self._open: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def connect(self) -> None:
        while len(self._open) < WORKERS:
            connection = await asyncio.open_connection("127.0.0.1", self.server.port)
            _, process = await _post(*connection, ADMIN)
            if process in self._open:
                connection[1].close()
            else:
                self._open[process] = connection

    async def statuses(self, key: str) -> set[int]:
        answers = await asyncio.gather(*(_post(*connection, key) for connection in self._open.values()))
        return {status for status, _ in answers}

    async def seconds_until(self, key: str, status: int) -> float:
        """Until every process answers so."""
        began = asked = time.monotonic()
        while await self.statuses(key) != {status}:
            asked = time.monotonic()
            assert asked - began < 10
        return asked - began

    def close(self) -> None:
        for _, writer in self._open.values():
            writer.close()

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"content-type": "application/json", "authorization": f"Bearer {ADMIN}"}
        answer = await ask(f"{self.server.url}{path}", body, headers, method=method)
        assert answer.status in (200, 201, 204), answer.body
        return answer.json if answer.body else None


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> tuple[int, str]:
    """The status, and the process that answered: a request's id begins with it."""
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(BODY)}\r\n\r\n"
    )
    writer.write(head.encode() + BODY)
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1]), headers["x-request-id"][:-8]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    with turnouts(tmp_path_factory.mktemp("made-keys")) as start:
        yield start


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
async def processes(request: pytest.FixtureRequest, start: StartTurnout) -> AsyncIterator[Processes]:
    env = {}
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        env["DATABASE_URL"] = server.database()
    processes = Processes(start(CONFIG, env=env, args=("--workers", str(WORKERS))))
    await processes.connect()
    yield processes
    processes.close()


async def test_a_key_is_good_everywhere_and_a_revoked_one_nowhere(processes: Processes) -> None:
    made = await processes.admin("POST", "/v1/keys", {"user": "bob"})
    assert await processes.seconds_until(made["key"], 200) < WITHIN
    await processes.admin("POST", f"/v1/keys/{made['id']}/revoke")
    assert await processes.seconds_until(made["key"], 401) < WITHIN


async def test_both_secrets_are_good_while_they_overlap(processes: Processes) -> None:
    made = await processes.admin("POST", "/v1/keys", {})
    await processes.seconds_until(made["key"], 200)
    rotated = await processes.admin("POST", f"/v1/keys/{made['id']}/rotate", {"overlap": 3})
    assert await processes.seconds_until(rotated["key"], 200) < WITHIN
    until = rotated["previous"]["until"]
    if time.time() < until - 1:  # else the machine was too busy to see it
        assert await processes.statuses(made["key"]) == {200}
    await processes.seconds_until(made["key"], 401)
    assert until - 0.1 <= time.time() < until + WITHIN
    assert await processes.statuses(rotated["key"]) == {200}


async def test_a_key_ends_when_it_expires(processes: Processes) -> None:
    end = int(time.time()) + 3
    expires = f"{datetime.fromtimestamp(end, UTC):%Y-%m-%dT%H:%M:%SZ}"
    made = await processes.admin("POST", "/v1/keys", {"expires": expires})
    await processes.seconds_until(made["key"], 200)
    await processes.seconds_until(made["key"], 401)
    assert end - 0.1 <= time.time() < end + WITHIN


async def test_a_doubled_header_gives_nobody_more(processes: Processes) -> None:
    """Of several keys the first known one counts, in every order."""
    narrow = await processes.admin("POST", "/v1/keys", {"models": ["other"]})
    good, bad = [await processes.admin("POST", "/v1/keys", {}) for _ in range(2)]
    await processes.admin("POST", f"/v1/keys/{bad['id']}/revoke")
    for key, status in ((narrow, 403), (good, 200), (bad, 401)):
        await processes.seconds_until(key["key"], status)
    twice = "{}\r\nauthorization: Bearer {}"
    for first, second, status in (
        (narrow, good, 403),
        (good, narrow, 200),
        (bad, narrow, 403),
        (bad, good, 200),
        (bad, bad, 401),
    ):
        assert await processes.statuses(twice.format(first["key"], second["key"])) == {status}


async def test_a_start_without_the_database_knows_who_was_revoked(start: StartTurnout) -> None:
    server = start(CONFIG)
    processes = Processes(server)
    good, bad = [await processes.admin("POST", "/v1/keys", {}) for _ in range(2)]
    await processes.admin("POST", f"/v1/keys/{bad['id']}/revoke")
    await asyncio.to_thread(server.program.wait_for, lambda: is_kept(server, bad["id"]), "the file of keys")
    server.kill()
    again = start(CONFIG, env={"DATABASE_URL": "postgresql://nobody:x@127.0.0.1:9/none"}, folder=server.folder)
    for key, status in ((good["key"], 200), (bad["key"], 401)):
        reader, writer = await asyncio.open_connection("127.0.0.1", again.port)
        assert (await _post(reader, writer, key))[0] == status
        writer.close()


def is_kept(server: TurnoutServer, id_: str) -> bool:
    """Whether the file says that the key is revoked."""
    file: Path = server.data_dir / "keys.json"
    rows = json.loads(file.read_text())["keys"] if file.exists() else []
    return any(row["id"] == id_ and json.loads(row["definition"])["revoked"] for row in rows)
