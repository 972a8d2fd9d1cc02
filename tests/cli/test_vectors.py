"""``turnout vectors``, of a running service with two processes, and Qdrant's own client at what they left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.cli.support import invoke
from tests.support.simulator import Simulator
from tests.support.turnout_server import StartTurnout, TurnoutServer, turnouts
from turnout.errors import TurnoutError
from turnout.simulator.answer import DIMENSIONS

ADMIN, ALICE = "tk-admin-SECRET", "tk-alice-SECRET"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartTurnout]:
    with turnouts(tmp_path_factory.mktemp("served")) as start:
        yield start


@pytest.fixture(scope="module")
def server(start: StartTurnout, simulator: Simulator) -> TurnoutServer:
    embedder = {"provider": "openai", "model": "embedder", "base_url": f"{simulator.root}/v1", "api_key": "k"}
    config = {
        "discovery": False,
        "models": {"embed": {"deployments": [embedder]}},
        "keys": [{"key": ADMIN, "name": "boss", "admin": True}, {"key": ALICE, "name": "alice"}],
    }
    server = start(config, args=("--workers", "2"))
    server.program.wait_for(lambda: all(is_up(server) for _ in range(8)), "both workers")
    return server


def is_up(server: TurnoutServer) -> bool:
    """Whether the process that gets this connection reaches the control process."""
    headers = {"authorization": f"Bearer {ADMIN}"}
    return httpx.get(f"{server.url}/v1/vector/collections", headers=headers).status_code == 200


@pytest.fixture(autouse=True)
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNOUT_ADMIN_KEY", ADMIN)


def run(server: TurnoutServer, *words: str) -> str:
    ended = invoke("vectors", "--url", server.url, *words)
    assert ended.exit_code == 0, (ended.output, ended.exception)
    return ended.stdout


def refusal(server: TurnoutServer, *words: str) -> str:
    ended = invoke("vectors", "--url", server.url, *words)
    assert isinstance(ended.exception, TurnoutError), ended.output
    return ended.exception.message


def file_of(folder: Path, *lines: object) -> str:
    path = folder / "points.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return str(path)


def test_a_file_is_loaded_in_pieces_and_searched(server: TurnoutServer, tmp_path: Path) -> None:
    points = [{"id": f"p{n}", "vector": [1, n / 1000, 0], "payload": {"n": n}} for n in range(600)]
    assert run(server, "load", file_of(tmp_path, *points), "--collection", "many") == (
        "600 points are written to many.\n"
    )
    query = tmp_path / "query.json"
    query.write_text("[1, 0, 0]")
    asked = ("search", "many", "--vector", str(query), "--limit", "2")
    head, *rows = run(server, *asked).splitlines()
    assert head.split() == ["Score", "Id", "Payload"]
    assert [row.split() for row in rows] == [["1.0000", "p0", '{"n":0}'], ["1.0000", "p1", '{"n":1}']]
    some = '{"must": [{"key": "n", "range": {"gte": 500}}]}'
    found = json.loads(run(server, *asked, "--filter", some, "--threshold", "none", "--json"))
    assert ([hit["id"] for hit in found["results"]], found["score_threshold"]) == (["p500", "p501"], None)
    assert run(server, "load", file_of(tmp_path, points[0]), "--collection", "many").startswith("1 points")
    (row,) = [row for row in json.loads(run(server, "list", "--json")) if row["collection_name"] == "many"]
    assert (row["owner"], row["vector_size"], row["points_count"]) == ("boss", 3, 600)


def test_texts_are_embedded_and_another_keys_collection_is_reached_by_its_owner(
    server: TurnoutServer, tmp_path: Path
) -> None:
    texts = [{"id": text, "text": text} for text in ("The rails go left.", "At the turnout.")]
    options = ("--collection", "texts", "--model", "embed", "--size", str(DIMENSIONS), "--owner", "alice")
    run(server, "load", file_of(tmp_path, *texts), *options)
    asked = ("search", "texts", "At the turnout.", "--model", "embed", "--owner", "alice")
    assert run(server, *asked).splitlines()[1].split() == ["1.0000", "At", "the", "turnout.", "{}"]
    ended = invoke("vectors", "--url", server.url, *asked, "--threshold", "1.1")
    assert "Nothing scores 1.1." in ended.stderr
    headers = {"authorization": f"Bearer {ALICE}"}
    listed = httpx.get(f"{server.url}/v1/vector/collections", headers=headers).json()["collections"]
    assert [(each["collection_name"], each["points_count"]) for each in listed] == [("texts", 2)]
    assert "texts       alice  Cosine" in run(server, "list")


def test_a_mistake_in_a_file_is_named_with_what_is_written(server: TurnoutServer, tmp_path: Path) -> None:
    points = [{"id": f"p{n}", "vector": [1, n]} for n in range(300)]
    points[270]["vector"] = [1]
    told = refusal(server, "load", file_of(tmp_path, *points), "--collection", "halfway")
    assert "The points before line 251 are written (250). Lines 251 to 300:" in told
    assert "'points[20].vector'" in told
    path = tmp_path / "points.jsonl"
    path.write_text('{"id": "a", "vector": [1, 0]}\n\nnonsense\n')
    assert f"{path}:3: this is no JSON" in refusal(server, "load", str(path), "--collection", "halfway")
    assert "does not exist" in refusal(server, "search", "nowhere", "Hello.", "--model", "embed")


def test_every_process_has_the_same_vectors_and_qdrants_client_reads_them(server: TurnoutServer) -> None:
    """Each request has a connection of its own, so both processes are asked."""
    headers = {"authorization": f"Bearer {ALICE}"}

    def ask(method: str, path: str, body: object = None) -> httpx.Response:
        answer = httpx.request(method, f"{server.url}/v1/vector/{path}", json=body, headers=headers)
        return answer.raise_for_status()

    def write(n: int) -> None:
        points = [{"id": f"{n}-{m}", "vector": [1, n, m, 0]} for m in range(5)]
        ask("POST", "points", {"collection_name": "shared", "points": points})

    ask("POST", "collections", {"collection_name": "shared", "vector_size": 4})
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(20)))
    assert {ask("GET", "collections/shared").json()["points_count"] for _ in range(10)} == {100}
    server.stop()
    client = QdrantClient(path=str(server.data_dir / "vectors"))
    assert client.count("turnout.alice.shared").count == 100
    (record,), _ = client.scroll("turnout.alice.shared", limit=1)
    assert set(record.payload or {}) == {"_turnout_id"}
    client.close()
