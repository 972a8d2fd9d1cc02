"""Providers' keys that came through the API: they reach their provider, and are in no file that Turnout writes."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.simulator.raw import Reply
from tests.simulator.raw import ask as ask_raw
from tests.support.openai_wire import choice, completion
from tests.support.postgres import Postgres
from tests.support.raw_upstream import RawUpstream, ok, replying
from tests.support.turnout_server import COMMAND, StartTurnout, TurnoutServer

KEY, PLAIN_KEY = "sk-made-SECRET-09d2f4a1", "sk-plain-SECRET-77aa01be"
CHAT = {"model": "made", "messages": [{"role": "user", "content": "Hello."}]}
JSON = {"content-type": "application/json"}
PATIENCE = 10.0  # seconds


def files_with(text: str, folder: Path) -> list[str]:
    """The files below ``folder`` that have ``text`` somewhere in their bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"turnout.db", "models.json", "secret.key"} <= {path.name for path in files}
    return [path.name for path in files if text.encode() in path.read_bytes()]


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def make(server: TurnoutServer, id_: str, base_url: str, key: str) -> Reply:
    body = {"id": id_, "name": id_, "provider": "openai", "upstream_model": "m", "base_url": base_url, "api_key": key}
    return await ask_raw(f"{server.url}/api/models", body, JSON)


async def problems_of(server: TurnoutServer) -> list[str]:
    problems: list[str] = (await ask_raw(f"{server.url}/health")).json["parts"]["catalog"]["problems"]
    return problems


def stored_keys(server: TurnoutServer) -> list[str]:
    with closing(sqlite3.connect(server.data_dir / "turnout.db")) as connection:
        rows = connection.execute("SELECT definition FROM models ORDER BY id").fetchall()
    return [json.loads(row[0])["api_key"] for row in rows]


def kept_keys(server: TurnoutServer) -> list[str]:
    """In the file from which a start without a database reads them."""
    rows = json.loads((server.data_dir / "models.json").read_bytes())
    return [json.loads(row["definition"])["api_key"] for row in sorted(rows, key=lambda row: str(row["id"]))]


def rotated(server: TurnoutServer, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(COMMAND),
        "secrets",
        "rotate",
        "--data-dir",
        str(server.data_dir),
        "--config",
        str(server.config_path),
    ]
    env = {"HOME": str(server.folder), "PATH": "", **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


async def test_it_is_in_no_file_and_a_rotation_stops_nobody(start_turnout: StartTurnout) -> None:
    async with RawUpstream(replying(ok(completion(choice(content="Hi."))))) as upstream:
        server = start_turnout({"discovery": False})
        made = await make(server, "made", f"{upstream.origin}/v1", KEY)
        assert (made.status, KEY in made.body.decode()) == (201, False)
        assert (await ask_raw(server.openai_url + "/chat/completions", CHAT, JSON)).status == 200
        assert f"Bearer {KEY}".encode() in upstream.requests[-1]
        assert files_with(KEY, server.data_dir) == []
        before = stored_keys(server)
        done = rotated(server)
        assert (done.returncode, done.stdout) == (0, "1 API key is encrypted with a new key in secret.key.\n")
        assert KEY not in done.stdout + done.stderr
        assert stored_keys(server) != before
        await until(lambda: kept_keys(server) == stored_keys(server))
        assert (await ask_raw(server.openai_url + "/chat/completions", CHAT, JSON)).status == 200
        assert f"Bearer {KEY}".encode() in upstream.requests[-1]
        assert (await make(server, "second", f"{upstream.origin}/v1", KEY)).status == 201
        assert len({key.split(":")[2] for key in stored_keys(server)}) == 1, "the server took the new key up"
        assert files_with(KEY, server.data_dir) == []
        server.stop()
        again = start_turnout({"discovery": False}, folder=server.folder)
        assert (await ask_raw(again.openai_url + "/chat/completions", CHAT, JSON)).status == 200
        assert f"Bearer {KEY}".encode() in upstream.requests[-1]
        assert KEY not in again.log()


async def test_a_plain_one_of_an_earlier_version_is_in_no_file_after_the_next_start(
    start_turnout: StartTurnout,
) -> None:
    """It is in a row that is longer than a page, so SQLite keeps its end elsewhere."""
    server = start_turnout({"discovery": False})
    assert (await make(server, "made", "http://127.0.0.1:9/v1", KEY)).status == 201
    server.stop()
    with closing(sqlite3.connect(server.data_dir / "turnout.db")) as connection, connection:
        connection.execute("PRAGMA secure_delete=OFF")
        fields = json.loads(connection.execute("SELECT definition FROM models").fetchone()[0])
        fields |= {"name": "n" * 9000, "api_key": PLAIN_KEY}
        connection.execute("UPDATE models SET definition = ?", [json.dumps(fields)])
        connection.execute("UPDATE revisions SET number = number + 1")
    rows = json.loads((server.data_dir / "models.json").read_bytes())
    rows[0]["definition"] = json.dumps(fields)
    (server.data_dir / "models.json").write_text(json.dumps(rows))
    assert set(files_with(PLAIN_KEY, server.data_dir)) == {"turnout.db", "models.json"}
    again = start_turnout({"discovery": False}, folder=server.folder)
    await until(lambda: files_with(PLAIN_KEY, server.data_dir) == [])
    assert stored_keys(again)[0].startswith("enc:1:")
    assert "API keys that stood in plain text are encrypted: 1" in again.log()
    assert PLAIN_KEY not in again.log()


async def test_from_the_file_to_a_key_in_the_environment(start_turnout: StartTurnout) -> None:
    server = start_turnout({"discovery": False})
    assert (await make(server, "made", "http://127.0.0.1:9/v1", KEY)).status == 201
    variable = {"TURNOUT_SECRET_KEY": "a passphrase that is long enough"}
    for number, words in ((1, "1 API key is"), (0, "0 API keys are")):
        done = rotated(server, **variable)
        assert (done.returncode, done.stdout) == (0, f"{words} encrypted with the key in TURNOUT_SECRET_KEY.\n"), number
    server.stop()
    (server.data_dir / "secret.key").unlink()
    again = start_turnout({"discovery": False}, env=variable, folder=server.folder)
    await until(lambda: kept_keys(again) == stored_keys(again))
    assert await problems_of(again) == []
    again.stop()
    lost = start_turnout({"discovery": False}, folder=server.folder)
    done = rotated(lost)
    assert done.returncode == 1
    assert "  made: it was encrypted with another key" in done.stderr
    assert "1 API key is as before" in done.stderr
    assert [problem for problem in await problems_of(lost) if "the API key of the model 'made'" in problem]


async def test_hosts_on_one_postgres_need_one_key(start_turnout: StartTurnout, postgres: Postgres) -> None:
    """Until they have it, a plain key stays as it is. A host with another key serves the rest, and says why."""
    address = {"DATABASE_URL": postgres.database()}
    one_key, another = {"TURNOUT_SECRET_KEY": "5e" * 32}, {"TURNOUT_SECRET_KEY": "a passphrase that is long enough"}
    first = start_turnout({"discovery": False}, env=address | one_key)
    assert (await make(first, "made", "http://127.0.0.1:9/v1", KEY)).status == 201
    second = start_turnout({"discovery": False}, env=address | one_key)
    stranger = start_turnout({"discovery": False}, env=address | another)
    for server in (second, stranger):
        await until((server.data_dir / "models.json").exists)
    assert (await problems_of(first), await problems_of(second)) == ([], [])
    (problem,) = await problems_of(stranger)
    assert "the API key of the model 'made'" in problem
    assert "Set TURNOUT_SECRET_KEY to that key" in problem
    assert (await make(stranger, "own", "http://127.0.0.1:9/v1", KEY)).status == 201
    assert [problem for problem in await problems_of(stranger) if "'own'" in problem] == []
    assert not list(stranger.folder.rglob("secret.key*"))
