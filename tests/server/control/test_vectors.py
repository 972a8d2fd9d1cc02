"""The vector routes: their shapes, who sees what, texts in place of vectors, and what is refused."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.cli.support import seen_by
from tests.support.asgi import Answer, InProcess, in_process
from tests.support.simulator import Simulator
from turnout.simulator.answer import vector

ADMIN, ALICE, BOB = "tk-admin-SECRET", "tk-alice-SECRET", "tk-bob-SECRET"
CHAT, FEW = "tk-chat-SECRET", "tk-few-SECRET"
TEXTS = ("The rails go left.", "At the turnout.", "Zoë 東京")
COLLECTIONS, POINTS, SEARCH = "/v1/vector/collections", "/v1/vector/points", "/v1/vector/search"


class Client:
    def __init__(self, app: InProcess) -> None:
        self.app = app

    async def ask(self, method: str, path: str, body: Any = b"", key: str = ALICE, query: str = "") -> Answer:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return await self.app.ask(method, path, body, headers, query=query)

    async def told(self, method: str, path: str, body: Any = b"", key: str = ALICE, query: str = "") -> Any:
        answer = await self.ask(method, path, body, key, query)
        assert answer.status in (200, 201), answer.body
        return answer.json

    async def refused(self, method: str, path: str, body: Any = b"", key: str = ALICE, query: str = "") -> Any:
        """Status, code and param of a refusal in the service's shape."""
        answer = await self.ask(method, path, body, key, query)
        error = answer.json["error"]
        assert answer.json["detail"] == error["message"]
        return answer.status, error["code"], error["param"]

    async def make(self, name: str, size: int = 2, key: str = ALICE, **more: Any) -> Any:
        return await self.told("POST", COLLECTIONS, {"collection_name": name, "vector_size": size, **more}, key)

    async def write(self, name: str, *points: Any, key: str = ALICE, **more: Any) -> Any:
        return await self.told("POST", POINTS, {"collection_name": name, "points": list(points), **more}, key)

    async def ids(self, name: str, query: list[float], key: str = ALICE, **more: Any) -> list[str]:
        found = await self.told("POST", SEARCH, {"collection_name": name, "query_vector": query, **more}, key)
        return [each["id"] for each in found["results"]]


def point(id_: str, *numbers: float, **payload: Any) -> dict[str, Any]:
    return {"id": id_, "vector": list(numbers), "payload": payload}


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> AsyncIterator[Client]:
    embedder = {
        "provider": "openai",
        "model": "text-embedding-3-small",
        "base_url": f"{simulator.root}/v1",
        "api_key": "k",
    }
    config = {
        "models": {"embed": {"deployments": [embedder]}, "echo": "echo/echo"},
        "keys": [
            {"key": ADMIN, "name": "admin", "admin": True},
            {"key": ALICE, "name": "alice"},
            {"key": BOB, "name": "bob"},
            {"key": CHAT, "name": "chat", "operations": ["chat"]},
            {"key": FEW, "name": "few", "limits": {"/v1/vector/search": "2/minute", "embeddings": "1/minute"}},
        ],
    }
    async with in_process(tmp_path_factory.mktemp("vectors"), config) as app:
        yield Client(app)


async def test_the_calls_of_the_model_service(client: Client) -> None:
    """Its names and its defaults: size 1536, cosine, limit 10, a score of 0.7."""
    made = await client.told("POST", COLLECTIONS, {"collection_name": "documents"})
    record = {"collection_name": "documents", "owner": "alice", "vector_size": 1536, "distance": "Cosine"}
    assert made == record | {"points_count": 0}
    near, far = [1.0] * 1536, [1.0] * 300 + [0.0] * 1236
    payload = {"text": "sample text", "metadata": "additional info"}
    points = [{"id": "point_1", "vector": near, "payload": payload}, {"id": "point_2", "vector": far}]
    assert await client.write("documents", *points) == {"collection_name": "documents", "upserted": 2}
    found = await client.told("POST", SEARCH, {"collection_name": "documents", "query_vector": near})
    (hit,) = found["results"]
    assert (hit["id"], hit["payload"], found["score_threshold"]) == ("point_1", payload, 0.7)
    assert hit["score"] == pytest.approx(1, abs=1e-5)
    assert await client.ids("documents", near, score_threshold=None) == ["point_1", "point_2"]
    assert await client.ids("documents", near, score_threshold=0.3, limit=1) == ["point_1"]
    assert await client.told("GET", f"{COLLECTIONS}/documents") == record | {"points_count": 2}
    assert await client.told("GET", COLLECTIONS) == {"collections": [record | {"points_count": 2}]}
    deleted = await client.told("DELETE", POINTS, {"collection_name": "documents", "ids": ["point_2", "point_9"]})
    assert deleted == {"collection_name": "documents", "deleted": 1}
    gone = await client.told("DELETE", f"{COLLECTIONS}/documents")
    assert gone == {"collection_name": "documents", "deleted": True}
    assert await client.told("GET", COLLECTIONS) == {"collections": []}


async def test_ten_points_are_found_unless_more_are_asked_for(client: Client) -> None:
    await client.make("many", distance="dot")
    await client.write("many", *(point(str(n), n, 1) for n in range(30)))
    assert await client.ids("many", [1, 0]) == [str(n) for n in range(29, 19, -1)]
    assert len(await client.ids("many", [1, 0], limit=1000)) == 30


async def test_filters_and_deletion_by_a_filter(client: Client) -> None:
    await client.make("filtered")
    await client.write("filtered", *(point(str(n), 1, n / 9, n=n) for n in range(6)))
    small = {"must": [{"key": "n", "range": {"lt": 3}}]}
    assert await client.ids("filtered", [1, 0], filter=small) == ["0", "1", "2"]
    deleted = await client.told("DELETE", POINTS, {"collection_name": "filtered", "filter": small})
    assert deleted["deleted"] == 3
    assert await client.ids("filtered", [1, 0]) == ["3", "4", "5"]


async def test_a_key_sees_its_own_collections_and_an_admin_all(client: Client) -> None:
    await client.make("private")
    await client.write("private", point("a", 1, 0, whose="alice"))
    requests: list[tuple[str, str, Any]] = [
        ("GET", f"{COLLECTIONS}/private", b""),
        ("DELETE", f"{COLLECTIONS}/private", b""),
        ("POST", SEARCH, {"collection_name": "private", "query_vector": [1, 0]}),
        ("POST", POINTS, {"collection_name": "private", "points": [point("b", 1, 0)]}),
        ("DELETE", POINTS, {"collection_name": "private", "ids": ["a"]}),
    ]
    for request in requests:
        assert (await client.refused(*request, BOB))[0] == 404
        assert await client.refused(*request, BOB, "owner=alice") == (403, "forbidden", "owner")
    assert (await client.told("GET", COLLECTIONS, key=BOB))["collections"] == []
    await client.make("private", key=BOB, size=3)
    await client.write("private", point("b", 1, 0, 0), key=BOB)
    assert await client.ids("private", [1, 0]) == ["a"]
    assert await client.ids("private", [1, 0, 0], key=BOB) == ["b"]
    everybodys = (await client.told("GET", COLLECTIONS, key=ADMIN))["collections"]
    assert {(each["owner"], each["collection_name"]) for each in everybodys} >= {
        ("alice", "private"),
        ("bob", "private"),
    }
    bobs = (await client.told("GET", COLLECTIONS, key=ADMIN, query="owner=bob"))["collections"]
    assert [each["vector_size"] for each in bobs] == [3]
    assert (await client.refused("GET", f"{COLLECTIONS}/private", key=ADMIN))[0] == 404
    await client.told("DELETE", f"{COLLECTIONS}/private", key=ADMIN, query="owner=bob")
    assert await client.ids("private", [1, 0]) == ["a"]


async def test_a_key_that_may_not_search_may_do_nothing_with_vectors(client: Client) -> None:
    assert (await client.ask("GET", COLLECTIONS, key=CHAT)).status == 403
    assert (await client.ask("POST", COLLECTIONS, {"collection_name": "a"}, key=CHAT)).status == 403


async def test_texts_are_embedded_by_a_model_and_the_ledger_has_them(client: Client) -> None:
    await client.make("texts", size=8)
    points = [{"id": text, "text": text, "payload": {"n": n}} for n, text in enumerate(TEXTS)]
    told = await client.write("texts", *points, point("given", *vector(TEXTS[0], 8)), model="embed")
    words = sum(len(text.split()) for text in TEXTS)
    assert (told["upserted"], told["model"], told["cost"]) == (4, "embed", pytest.approx(words * 0.02e-6))
    assert told["usage"] == {"prompt_tokens": words, "total_tokens": words}
    found = await client.told("POST", SEARCH, {"collection_name": "texts", "text": TEXTS[2], "model": "embed"})
    assert [(hit["id"], hit["payload"]) for hit in found["results"]] == [(TEXTS[2], {"n": 2})]
    assert found["usage"]["total_tokens"] == len(TEXTS[2].split())
    assert sorted(await client.ids("texts", vector(TEXTS[0], 8))) == [TEXTS[0], "given"]
    async with asyncio.timeout(20):
        while len(recorded := (await client.told("GET", "/v1/requests"))["data"]) < 2:  # noqa: ASYNC110  # settled beside
            await asyncio.sleep(0.05)
    assert [(row["operation"], row["dialect"], row["model"]) for row in recorded[:2]] == [
        ("embeddings", "model_service", "embed")
    ] * 2


async def test_searches_and_texts_are_limited_and_writing_vectors_is_not(client: Client) -> None:
    await client.make("few", key=FEW, size=8)
    query = vector(TEXTS[0], 8)
    for _ in range(3):
        await client.write("few", point("a", *query), key=FEW)
    text = {"collection_name": "few", "points": [{"id": "b", "text": TEXTS[1]}], "model": "embed"}
    await client.told("POST", POINTS, text, FEW)
    assert (await client.refused("POST", POINTS, text, FEW))[:2] == (429, "rate_limit_exceeded")
    for _ in range(2):
        assert await client.ids("few", query, FEW) == ["a"]
    answer = await client.ask("POST", SEARCH, {"collection_name": "few", "query_vector": query}, FEW)
    assert (answer.status, answer.json["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 0 < int(answer.headers["retry-after"]) <= 65
    limited = client.app.gateway.metrics.tally.limited
    assert sorted(number for gauge, number in limited.items() if "few" in gauge) == [1, 1]


async def test_nothing_is_embedded_for_a_collection_that_is_not_there(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.app.gateway, "engine", None)
    asked = {"collection_name": "nowhere", "text": "Hello.", "model": "embed"}
    assert await client.refused("POST", SEARCH, asked) == (404, "not_found", "collection_name")
    points = {"collection_name": "nowhere", "points": [{"id": "a", "text": "Hello."}], "model": "embed"}
    assert await client.refused("POST", POINTS, points) == (404, "not_found", "collection_name")


BAD_POINTS: dict[str, tuple[Any, str]] = {
    "wrong-size": ([point("a", 1, 0), point("b", 1, 0, 0)], "points[1].vector"),
    "no-vector": ([point("a", 1, 0), {"id": "b"}], "points[1]"),
    "vector-and-text": ([{"id": "a", "vector": [1, 0], "text": "x"}], "points[0]"),
    "empty-vector": ([point("a")], "points[0].vector"),
    "zero": ([point("a", 0, 0)], "points[0].vector"),
    "too-large-a-number": ([point("a", 1, 1e39)], "points[0].vector[1]"),
    "no-number": ([{"id": "a", "vector": [1, "0"]}], "points[0].vector[1]"),
    "twice": ([point("a", 1, 0), point("b", 1, 0), point("a", 0, 1)], "points[2].id"),
    "no-id": ([{"vector": [1, 0]}], "points[0].id"),
    "a-number-as-id": ([{"id": 1, "vector": [1, 0]}], "points[0].id"),
    "empty-id": ([point("", 1, 0)], "points[0].id"),
    "long-id": ([point("x" * 513, 1, 0)], "points[0].id"),
    "no-points": ([], "points"),
    "unknown-field": ([point("a", 1, 0) | {"metadata": {}}], "points[0].metadata"),
    "payload-of-another-type": ([{"id": "a", "vector": [1, 0], "payload": []}], "points[0].payload"),
    "deep-payload": ([point("a", 1, 0, deep=json.loads("[" * 40 + "]" * 40))], "points[0].payload"),
    "our-field": ([point("a", 1, 0, _turnout_id="x")], "points[0].payload"),
    "text-without-model": ([point("a", 1, 0), {"id": "b", "text": "x"}], "model"),
    "unknown-model": ([{"id": "b", "text": "x"}], "model"),
    "too-many": ([point(str(n), 1, 0) for n in range(10_001)], "points"),
}


@pytest.mark.parametrize("name", BAD_POINTS)
async def test_wrong_points_are_refused_by_name_and_none_is_written(client: Client, name: str) -> None:
    points, param = BAD_POINTS[name]
    if (await client.ask("GET", f"{COLLECTIONS}/bad")).status == 404:
        await client.make("bad")
    body = {"collection_name": "bad", "points": points} | ({"model": "nope"} if name == "unknown-model" else {})
    status, code, told = await client.refused("POST", POINTS, body)
    expected = (404, "model_not_found") if name == "unknown-model" else (400, "invalid_request")
    assert (status, code, told) == (*expected, param)
    assert (await client.told("GET", f"{COLLECTIONS}/bad"))["points_count"] == 0


@pytest.mark.parametrize("text", [b"\xff", b"\\ud800", b"\x00"], ids=["no-utf-8", "half-a-character", "control"])
async def test_a_text_that_is_none_is_refused(client: Client, text: bytes) -> None:
    """In an id, in a payload, and in a filter."""
    bodies = {
        POINTS: [
            b'{"collection_name": "x", "points": [{"id": "%b", "vector": [1]}]}' % text,
            b'{"collection_name": "x", "points": [{"id": "a", "vector": [1], "payload": {"%b": 1}}]}' % text,
        ],
        SEARCH: [b'{"collection_name": "x", "query_vector": [1], "filter": {"must": ["%b"]}}' % text],
    }
    for path, each in bodies.items():
        for body in each:
            answer = await client.ask("POST", path, body)
            assert (answer.status, "not valid JSON" in answer.json["detail"]) == (400, True)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"1e999"])
async def test_a_number_that_json_has_not_is_refused(client: Client, number: bytes) -> None:
    body = b'{"collection_name": "x", "points": [{"id": "a", "vector": [1, %b]}]}' % number
    assert (await client.refused("POST", POINTS, body))[0] == 400
    assert (await client.refused("POST", SEARCH, b'{"collection_name": "x", "query_vector": [%b]}' % number))[0] == 400


async def test_large_payloads_are_refused(client: Client) -> None:
    await client.make("large")
    refused = await client.refused(
        "POST", POINTS, {"collection_name": "large", "points": [point("a", 1, 0, text="x" * 10_000_000)]}
    )
    assert refused == (413, "body_too_large", "points[0].payload")
    answer = await client.ask("POST", POINTS, b" " * 17 * 1024 * 1024)
    assert (answer.status, answer.json["error"]["code"]) == (413, "body_too_large")


VECTOR = {"query_vector": [1, 0]}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "param"),
    [
        ("POST", COLLECTIONS, {}, 400, "collection_name"),
        ("POST", COLLECTIONS, [], 400, None),
        ("POST", COLLECTIONS, {"collection_name": "a/b"}, 400, "collection_name"),
        ("POST", COLLECTIONS, {"collection_name": ""}, 400, "collection_name"),
        ("POST", COLLECTIONS, {"collection_name": "x" * 101}, 400, "collection_name"),
        ("POST", COLLECTIONS, {"collection_name": ".."}, 400, "collection_name"),
        ("POST", COLLECTIONS, {"collection_name": "a", "vector_size": 0}, 400, "vector_size"),
        ("POST", COLLECTIONS, {"collection_name": "a", "vector_size": 65_536}, 400, "vector_size"),
        ("POST", COLLECTIONS, {"collection_name": "a", "distance": "near"}, 400, "distance"),
        ("POST", COLLECTIONS, {"collection_name": "a", "shards": 3}, 400, "shards"),
        ("POST", COLLECTIONS, {"collection_name": "there"}, 409, "collection_name"),
        ("GET", f"{COLLECTIONS}/a/b", b"", 400, "name"),
        ("GET", f"{COLLECTIONS}/nowhere", b"", 404, "collection_name"),
        ("DELETE", f"{COLLECTIONS}/nowhere", b"", 404, "collection_name"),
        ("POST", POINTS, {"collection_name": "nowhere", "points": [point("a", 1, 0)]}, 404, "collection_name"),
        ("DELETE", POINTS, b"", 400, None),
        ("DELETE", POINTS, b"{", 400, None),
        ("DELETE", POINTS, {"collection_name": "there"}, 400, "ids"),
        ("DELETE", POINTS, {"collection_name": "there", "ids": []}, 400, "ids"),
        ("DELETE", POINTS, {"collection_name": "there", "filter": {}}, 400, "ids"),
        ("DELETE", POINTS, {"collection_name": "there", "ids": ["a"], "filter": {"must": []}}, 400, "ids"),
        ("DELETE", POINTS, {"collection_name": "there", "filter": {"city": "Rome"}}, 400, "filter"),
        ("DELETE", POINTS, {"collection_name": "nowhere", "ids": ["a"]}, 404, "collection_name"),
        ("POST", SEARCH, {"collection_name": "there"}, 400, "query_vector"),
        ("POST", SEARCH, {"collection_name": "there", "query_vector": [1]}, 400, "query_vector"),
        ("POST", SEARCH, {"collection_name": "there", "query_vector": [0, 0]}, 400, "query_vector"),
        ("POST", SEARCH, {"collection_name": "there", "query_vector": "x"}, 400, "query_vector"),
        ("POST", SEARCH, {"collection_name": "there", "text": "x"}, 400, "model"),
        ("POST", SEARCH, {"collection_name": "there", "text": "x", "model": "embed"}, 400, "text"),
        ("POST", SEARCH, {"collection_name": "there", **VECTOR, "limit": 0}, 400, "limit"),
        ("POST", SEARCH, {"collection_name": "there", **VECTOR, "limit": 1001}, 400, "limit"),
        ("POST", SEARCH, {"collection_name": "there", **VECTOR, "score_threshold": "high"}, 400, "score_threshold"),
        ("POST", SEARCH, {"collection_name": "there", **VECTOR, "filter": {"city": "Rome"}}, 400, "filter"),
        ("POST", SEARCH, {"collection_name": "there", **VECTOR, "filter": "Rome"}, 400, "filter"),
        ("POST", SEARCH, {"collection_name": "nowhere", **VECTOR}, 404, "collection_name"),
    ],
)
async def test_what_is_wrong_is_named(
    client: Client, method: str, path: str, body: Any, status: int, param: str | None
) -> None:
    if (await client.ask("GET", f"{COLLECTIONS}/there")).status == 404:
        await client.make("there")
    refused = await client.refused(method, path, body)
    assert (refused[0], refused[2]) == (status, param)


async def test_the_document_has_every_body_also_that_of_a_deletion(client: Client) -> None:
    paths = (await client.told("GET", "/openapi.json"))["paths"]

    def schema(method: str, path: str) -> Any:
        return paths[path][method]["requestBody"]["content"]["application/json"]["schema"]

    assert sorted(schema("delete", POINTS)["properties"]) == ["collection_name", "filter", "ids"]
    assert schema("delete", POINTS)["required"] == ["collection_name"]
    assert schema("post", COLLECTIONS)["properties"]["vector_size"]["default"] == 1536
    assert sorted(schema("post", POINTS)["properties"]["points"]["items"]["properties"]) == [
        *("id", "payload", "text", "vector")
    ]
    assert schema("post", SEARCH)["properties"]["limit"]["default"] == 10
    assert "$ref" not in json.dumps(schema("post", POINTS))


async def test_without_a_key_where_none_is_needed_an_admin_of_this_machine_asks(open_app: InProcess) -> None:
    made = await open_app.ask("POST", COLLECTIONS, {"collection_name": "local"})
    assert (made.status, made.json["owner"]) == (201, "")
    assert (await open_app.ask("GET", COLLECTIONS)).json["collections"] == [made.json]


async def test_a_server_that_is_gone_is_told_and_health_knows(
    tmp_path_factory: pytest.TempPathFactory, unused_tcp_port: int
) -> None:
    folder = tmp_path_factory.mktemp("gone")
    async with in_process(folder, {}, QDRANT_HOST="127.0.0.1", QDRANT_PORT=str(unused_tcp_port)) as app:
        assert (await app.ask("GET", "/health")).json["status"] == "ok"
        answer = await app.ask("POST", SEARCH, {"collection_name": "a", "query_vector": [1, 0]})
        assert (answer.status, answer.json["error"]["code"]) == (503, "vectors_unavailable")
        assert "Qdrant can't be reached" in answer.json["detail"]
        health = (await app.ask("GET", "/health")).json
        assert (health["status"], health["parts"]["vectors"]["ok"]) == ("degraded", False)


async def test_without_the_package_the_command_to_install_it_is_told(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with in_process(tmp_path_factory.mktemp("bare"), {}) as app:
        monkeypatch.setitem(sys.modules, "qdrant_client", None)
        answer = await app.ask("GET", COLLECTIONS)
        assert (answer.status, answer.json["error"]["code"]) == (503, "vectors_not_installed")
        assert "pip install 'turnout[vectors]'" in answer.json["detail"]
        assert (await app.ask("GET", "/health")).json["status"] == "ok"


async def test_the_same_text_is_embedded_once_where_answers_are_kept(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator
) -> None:
    embedder = {"provider": "openai", "model": "kept-embedder", "base_url": f"{simulator.root}/v1", "api_key": "k"}
    config = {"models": {"embed": {"deployments": [embedder]}}, "cache": {"exact": {"ttl": 60}}}
    async with in_process(tmp_path_factory.mktemp("kept"), config) as app:
        made = await app.ask("POST", COLLECTIONS, {"collection_name": "a", "vector_size": 8})
        assert made.status == 201
        points = [{"id": text, "text": text} for text in TEXTS]
        body = {"collection_name": "a", "points": points, "model": "embed"}
        assert (await app.ask("POST", POINTS, body)).json["upserted"] == 3
        asked = {"collection_name": "a", "text": TEXTS[0], "model": "embed"}
        answers = [(await app.ask("POST", SEARCH, asked)).json for _ in range(2)]
        assert [answer["results"][0]["id"] for answer in answers] == [TEXTS[0]] * 2
    assert len(await asyncio.to_thread(seen_by, simulator, "kept-embedder")) == 1
