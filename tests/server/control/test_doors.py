"""Every route of both planes: what it needs, and that this is looked at before a byte of the body is read."""

from __future__ import annotations

import json
import re
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI

from tests.server.conftest import ADMIN, OTHER, TEAM
from tests.support.asgi import InProcess
from turnout.dialects import Dialect, endpoint_at, registry
from turnout.errors import ConfigError
from turnout.server.access import Need
from turnout.server.app import MAX_ADDRESS
from turnout.server.control.gate import MAX_BODY, largest_body, takes_body
from turnout.server.control.needs import NEEDS
from turnout.server.control.table import Table, refuse_clashes
from turnout.server.endpoints import Endpoints, paths_of

INFERENCE = sorted({f"POST {path}" for path, _, _ in paths_of(registry().values())})
CHAT = {"model": "echo", "messages": [{"role": "user", "content": "Hello."}]}
LARGE = b'{"model": "echo"' + b"".join(b', "k%d": 1' % number for number in range(100_000)) + b"}"


def route(name: str) -> tuple[str, str]:
    method, _, path = name.partition(" ")
    return method, re.sub(r"\{\w+(:path)?\}", "echo", path)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize("name", [*(name for name, need in NEEDS.items() if need is not Need.NOTHING), *INFERENCE])
@pytest.mark.parametrize("key", [None, "tk-wrong"], ids=["no-key", "wrong-key"])
async def test_the_body_is_not_read_without_a_valid_key(guarded_app: InProcess, name: str, key: str | None) -> None:
    answer = await guarded_app.ask(*route(name), LARGE, bearer(key) if key else {})
    assert (answer.status, answer.reads) == (401, 0)


@pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if need in (Need.ADMIN, Need.AUDITOR)])
async def test_the_body_of_an_admins_route_is_not_read_without_an_admins_key(guarded_app: InProcess, name: str) -> None:
    answer = await guarded_app.ask(*route(name), LARGE, bearer(TEAM))
    assert (answer.status, answer.reads) == (403, 0)


@pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if need in (Need.NOTHING, Need.KEY)])
async def test_a_request_with_the_needed_key_reaches_the_route(guarded_app: InProcess, name: str) -> None:
    """What it says is its own affair."""
    headers = {} if NEEDS[name] is Need.NOTHING else bearer(TEAM)
    answer = await guarded_app.ask(*route(name), {"model": "echo"}, headers)
    assert answer.status in (200, 400, 404)
    if name != "GET /docs":
        assert answer.headers["content-type"].startswith(("application/json", "text/plain"))


@pytest.mark.parametrize("name", [name for name in NEEDS if name.startswith(("POST", "PUT"))])
async def test_a_body_for_no_model_is_bounded(guarded_app: InProcess, name: str) -> None:
    headers = {**bearer(ADMIN), "content-type": "application/json"}
    method, path = route(name)
    too_many = largest_body(path) + 1
    assert (await guarded_app.ask(method, path, b" " * too_many, headers)).status == 413
    answer = await guarded_app.ask(method, path, b" ", {**headers, "content-length": str(too_many)})
    assert (answer.status, answer.reads) == (413, 0)


@pytest.mark.parametrize("name", [name for name in NEEDS if not takes_body(*name.split(" "))])
async def test_routes_without_a_body_read_none(guarded_app: InProcess, name: str) -> None:
    answer = await guarded_app.ask(*route(name), LARGE, bearer(ADMIN))
    assert (answer.status != 413, answer.reads) == (True, 0)


def test_a_route_without_a_declared_need_stops_the_start() -> None:
    app, endpoints = FastAPI(openapi_url=None), Endpoints([])
    Table(app.routes, {}, endpoints)
    app.add_api_route("/new", lambda: None, methods=["GET"])
    with pytest.raises(ValueError, match=r"without a declared need.*GET /new"):
        Table(app.routes, {}, endpoints)
    Table(app.routes, {"GET /new": Need.KEY}, endpoints)
    with pytest.raises(ValueError, match="DELETE /gone"):
        Table(app.routes, {"GET /new": Need.KEY, "DELETE /gone": Need.ADMIN}, endpoints)
    with pytest.raises(ValueError, match="POST /new"):
        Table(app.routes, {"GET /new": Need.KEY, "POST /new": Need.KEY}, endpoints)
    app.mount("/files", FastAPI())
    with pytest.raises(ValueError, match="of a kind that no need can be declared for"):
        Table(app.routes, {"GET /new": Need.KEY}, endpoints)


def test_fastapis_own_pages_are_declared_like_any_other() -> None:
    with pytest.raises(ValueError, match=r"GET /docs, .*GET /openapi.json, GET /redoc"):
        Table(FastAPI().routes, {}, Endpoints([]))


async def test_the_document_says_what_each_route_needs(guarded_app: InProcess) -> None:
    paths = (await guarded_app.ask("GET", "/openapi.json")).json["paths"]
    described = {
        f"{method.upper()} {path}": one["x-needs"] for path, methods in paths.items() for method, one in methods.items()
    }
    declared = {name.replace(":path}", "}"): need.value for name, need in NEEDS.items()} | dict.fromkeys(
        INFERENCE, "a key"
    )
    hidden = {"GET /", "GET /docs", "GET /openapi.json", "GET /v1beta1/models", "GET /v1beta1/models/{name}"}
    assert described == {name: need for name, need in declared.items() if name not in hidden}


async def test_the_document_declares_the_parameters_and_the_body_of_each_path(guarded_app: InProcess) -> None:
    """A generator of clients refuses a document without them."""
    document = (await guarded_app.ask("GET", "/openapi.json")).json
    operations = {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    for name, operation in operations.items():
        declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path" and one["required"]}
        assert declared == set(re.findall(r"\{(\w+)\}", name)), name
        assert operation["tags"], name
        assert operation["responses"]["4XX"]["description"], name
        if operation["x-needs"] != "nothing":
            assert operation["security"] == [{"key": []}], name
    for name in INFERENCE:
        method, _, path = name.partition(" ")
        body = operations[f"{method.lower()} {path}"]["requestBody"]
        assert (body["required"], [*body["content"].values()]) == (True, [{"schema": {"type": "object"}}])
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


async def test_the_page_of_the_document_asks_for_nothing_else(guarded_app: InProcess) -> None:
    answer = await guarded_app.ask("GET", "/docs")
    text = answer.body.decode()
    assert re.findall(r"<(?:script|link|img|iframe)|https?://[^ ]*\.js|src=|url\(", text) == []
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for name in INFERENCE:
        method, _, path = name.partition(" ")
        assert f"<b>{method}</b> <code>{path}</code>" in text


async def test_the_page_has_the_routes_by_subject(guarded_app: InProcess) -> None:
    """Generators of clients name their modules by the subjects."""
    text = (await guarded_app.ask("GET", "/docs")).body.decode()
    _, *parts = text.split("<h2>")
    paths = {
        subject: re.findall("<code>(.*?)</code>", rest) for subject, _, rest in (p.partition("</h2>") for p in parts)
    }
    assert list(paths) == [
        "operations",
        "models",
        "deployments",
        "keys",
        "audit",
        "cache",
        "ledger",
        "usage",
        "responses",
        "vectors",
        "ollama",
        "inference",
        "schemas",
    ]
    assert paths["operations"] == ["/ping", "/health", "/metrics"]
    assert paths["ledger"] == ["/v1/requests", "/v1/requests/{request_id}"]
    assert paths["usage"] == [
        "/v1/usage",
        "/v1/usage/performance",
        "/v1/usage/forecast",
        "/v1/usage/advice",
        "/v1/llm/usage",
        "/v1/llm/embedding-usage",
    ]
    assert sorted(f"POST {path}" for path in paths["inference"]) == INFERENCE


async def test_health_has_only_the_status_without_a_key(guarded_app: InProcess) -> None:
    for headers in ({}, bearer("tk-wrong")):
        assert (await guarded_app.ask("GET", "/health", headers=headers)).json == {"status": "ok"}
    health = (await guarded_app.ask("GET", "/health", headers=bearer(OTHER))).json
    assert health.keys() >= {"status", "version", "parts"}


class TestRefused:
    """Who isn't let in leaves a trace, and never the key."""

    async def test_a_refusal_is_counted(self, guarded_app: InProcess) -> None:
        before = dict(guarded_app.gateway.metrics.tally.refused)
        await guarded_app.ask("GET", "/v1/models")
        await guarded_app.ask("GET", "/v1/models", headers=bearer("tk-wrong"))
        await guarded_app.ask("POST", "/v1/chat/completions", CHAT, bearer("tk-wrong"))
        await guarded_app.ask("POST", "/api/models", {}, bearer(TEAM))
        await guarded_app.ask("GET", "/health")
        refused = guarded_app.gateway.metrics.tally.refused
        added = {reason: refused[reason] - before.get(reason, 0) for reason in ("no_key", "unknown_key", "no_admin")}
        assert added == {"no_key": 1, "unknown_key": 2, "no_admin": 1}
        exposition = (await guarded_app.ask("GET", "/metrics", headers=bearer(TEAM))).body.decode()
        assert f'turnout_refused_total{{reason="no_admin"}} {refused["no_admin"]}\n' in exposition


async def chats(app: InProcess, headers: Any, query: str = "") -> int:
    return (await app.ask("POST", "/v1/chat/completions", CHAT, headers, query=query)).status


class TestSeveralKeys:
    """Any right one lets in, whatever the order of the lines."""

    @pytest.mark.parametrize(
        ("good", "bad"),
        [
            (("authorization", f"Bearer {TEAM}"), ("x-api-key", "sk-ant-personal")),
            (("x-api-key", TEAM), ("authorization", "Bearer sk-ant-oat01-x")),
            (("x-api-key", TEAM), ("authorization", "Basic dXNlcjpwYXNz")),
            (("authorization", f"Bearer {TEAM}"), ("x-goog-api-key", "other")),
            (("x-goog-api-key", TEAM), ("api-key", "other")),
            (("x-api-key", TEAM), ("x-api-key", "other")),
        ],
    )
    async def test_in_headers(self, guarded_app: InProcess, good: tuple[str, str], bad: tuple[str, str]) -> None:
        assert [await chats(guarded_app, [good, bad]), await chats(guarded_app, [bad, good])] == [200, 200]
        assert await chats(guarded_app, [bad]) == 401

    async def test_in_the_query(self, guarded_app: InProcess) -> None:
        assert await chats(guarded_app, bearer(TEAM), "key=zzz") == 200
        assert await chats(guarded_app, bearer("tk-wrong"), f"alt=sse&key={TEAM}") == 200
        assert await chats(guarded_app, {}, f"key=zzz&key={TEAM}") == 200
        assert await chats(guarded_app, bearer("tk-wrong"), "key=zzz") == 401

    async def test_the_first_right_one_asks(self, guarded_app: InProcess) -> None:
        both = [("x-api-key", TEAM), ("authorization", f"Bearer {OTHER}")]
        for headers in (both, both[::-1]):
            listed = (await guarded_app.ask("GET", "/v1/models", headers=headers)).json["data"]
            assert [model["id"] for model in listed] == ["oll"]


async def test_an_admin_sees_everybodys_requests_and_a_key_its_own(guarded_app: InProcess) -> None:
    answer = await guarded_app.ask("POST", "/v1/chat/completions", CHAT, bearer(TEAM))
    path = f"/v1/requests/{answer.headers['x-request-id']}"
    statuses = [(await guarded_app.ask("GET", path, headers=bearer(key))).status for key in (TEAM, ADMIN, OTHER)]
    assert statuses == [200, 200, 404]


async def test_a_key_for_a_model_is_one_for_its_latest(guarded_app: InProcess) -> None:
    for name in ("oll", "oll:latest"):
        answer = await guarded_app.ask("POST", "/v1/chat/completions", CHAT | {"model": name}, bearer(OTHER))
        shown = await guarded_app.ask("POST", "/api/show", {"model": name}, bearer(OTHER))
        assert (answer.status, shown.status) == (200, 200)
    other = await guarded_app.ask("POST", "/v1/chat/completions", CHAT | {"model": "echo:latest"}, bearer(OTHER))
    assert other.status == 403


class TestPathsThatArentWrittenRight:
    @pytest.mark.parametrize(
        "path",
        ["/chat/completions", "//v1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/",
         "/v1/v1/chat/completions", "//v1/v1//chat/completions//"],
    )  # fmt: skip
    async def test_one_that_can_mean_one_thing_only_is_served(self, guarded_app: InProcess, path: str) -> None:
        answer = await guarded_app.ask("POST", path, CHAT, bearer(TEAM))
        assert answer.json["choices"][0]["message"]["content"] == "Hello."
        refused = await guarded_app.ask("POST", path, LARGE)
        assert (refused.status, refused.reads) == (401, 0)

    @pytest.mark.parametrize("path", ["/models", "/v1/models/", "//v1/models", "/v1/v1/models"])
    async def test_so_are_lists(self, guarded_app: InProcess, path: str) -> None:
        listed = (await guarded_app.ask("GET", path, headers=bearer(OTHER))).json["data"]
        assert [model["id"] for model in listed] == ["oll"]
        assert (await guarded_app.ask("GET", path)).status == 401

    async def test_a_model_is_found_with_a_slash_behind_it(self, guarded_app: InProcess) -> None:
        assert (await guarded_app.ask("GET", "/v1/models/oll/", headers=bearer(OTHER))).json["id"] == "oll"

    @pytest.mark.parametrize(("method", "path"), [("POST", "/api/models/"), ("DELETE", "//api/models/echo")])
    async def test_an_admins_are_not_opened_but_named(self, guarded_app: InProcess, method: str, path: str) -> None:
        answer = await guarded_app.ask(method, path, {}, bearer(ADMIN))
        assert answer.status == 404
        existing = re.sub("/+", "/", path).rstrip("/")
        assert f"Did you mean {method} {existing}?" in answer.json["error"]["message"]

    @pytest.mark.parametrize(
        "path", ["/nothing", "/v2/chat/completions", "/v1", "/", "//", "/docs/../v1/models", "x", "*", ""]
    )
    async def test_an_unknown_path_is_not_found(self, guarded_app: InProcess, path: str) -> None:
        answer = await guarded_app.ask("POST", path, LARGE)
        assert (answer.status, answer.reads) == (405 if path in ("/", "//", "") else 404, 0)

    async def test_the_path_in_an_error_is_short_and_printable(self, guarded_app: InProcess) -> None:
        answer = await guarded_app.ask("GET", "/\x1b[31m\r\n\0" + "x" * 5000)
        message = answer.json["error"]["message"]
        assert message.startswith("There is no GET /\ufffd[31m\ufffd\ufffd\ufffdxxx")
        assert len(message) < 400


class TestMethods:
    @pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if name.startswith("GET")])
    async def test_head_is_get_without_a_body(self, guarded_app: InProcess, name: str) -> None:
        _, path = route(name)
        await guarded_app.gateway.ledger.settle()  # else what other tests have asked may come between
        get = await guarded_app.ask("GET", path, headers=bearer(TEAM))
        head = await guarded_app.ask("HEAD", path, headers=bearer(TEAM))
        assert (head.status, head.body) == (get.status, b"")
        if name not in ("GET /health", "GET /metrics"):  # those change
            assert head.headers["content-length"] == str(len(get.body))
        assert (await guarded_app.ask("HEAD", path)).status == (200 if NEEDS[name] is Need.NOTHING else 401)

    @pytest.mark.parametrize("name", [*NEEDS, *INFERENCE])
    async def test_options_tells_the_methods_to_anybody(self, guarded_app: InProcess, name: str) -> None:
        method, path = route(name)
        answer = await guarded_app.ask("OPTIONS", path, LARGE)
        assert (answer.status, answer.body, answer.reads) == (204, b"", 0)
        assert {method, "OPTIONS"} <= {*answer.headers["allow"].split(", ")}
        assert ("HEAD" in answer.headers["allow"]) == ("GET" in answer.headers["allow"])

    async def test_both_planes_may_share_a_path(self, guarded_app: InProcess) -> None:
        answer = await guarded_app.ask("OPTIONS", "/v1/models/x:generateContent")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
    async def test_a_refused_method_gets_the_list_of_allowed_ones(self, guarded_app: InProcess, method: str) -> None:
        answer = await guarded_app.ask(method, "/v1/messages", LARGE)
        assert (answer.status, answer.headers["allow"], answer.reads) == (405, "OPTIONS, POST", 0)
        if method == "HEAD":
            assert answer.body == b""
        else:
            assert answer.json["error"]["message"] == f"{method} /v1/messages is not possible: use POST."

    async def test_options_of_nothing_is_not_found(self, guarded_app: InProcess) -> None:
        assert (await guarded_app.ask("OPTIONS", "/nothing")).status == 404


HOSTILE = {
    "many-keys": b"{" + b",".join(b'"%x":1' % number for number in range(7000)) + b"}",
    "deep": b'{"model":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "deep-objects": b'{"x":' * 10_000 + b"1" + b"}" * 10_000,
    "long-number": b'{"max_tokens":' + b"9" * 60_000 + b"}",
    "surrogate": rb'{"model":"\ud800","name":"\udfff","provider":"\ud800","\ud800":1}',
    "surrogate-in-a-good-one": rb'{"model":"echo","id":"half","name":"\ud800","provider":"echo"}',
    "nul": rb'{"model":"a\u0000b","id":"a\u0000b","provider":"a\u0000b"}',
    "bad-utf-8": b'{"model":"\xff\xfe"}',
    "utf-16": '{"model":"x"}'.encode("utf-16"),
    "nan": b'{"model":NaN,"max_tokens":Infinity}',
    "list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("name", [name for name in NEEDS if name.startswith(("POST", "PUT"))])
async def test_a_hostile_body_is_the_clients_mistake(guarded_app: InProcess, name: str, case: str) -> None:
    headers = {**bearer(ADMIN), "content-type": "application/json"}
    assert len(HOSTILE[case]) <= MAX_BODY
    began = time.thread_time()
    answer = await guarded_app.ask(*route(name), HOSTILE[case], headers)
    assert 400 <= answer.status < 500
    assert json.loads(answer.body)
    assert time.thread_time() - began < 0.25  # of the processor; 0.03 on an idle machine


@pytest.mark.parametrize("part", ["\0", "%00", "\ud7ff\uffff", "é" * 200, "..", "a\nb", "x" * 8000, "'; --"])
@pytest.mark.parametrize("name", [name for name in NEEDS if "{" in name])
async def test_a_hostile_id_is_not_found(guarded_app: InProcess, name: str, part: str) -> None:
    method, _, path = name.partition(" ")
    answer = await guarded_app.ask(method, re.sub(r"\{\w+(:path)?\}", part, path), {}, bearer(ADMIN))
    assert 400 <= answer.status < 500
    assert json.loads(answer.body)


async def test_a_long_address_is_refused(guarded_app: InProcess) -> None:
    for path, query in [("/v1/models/" + "x" * MAX_ADDRESS, ""), ("/ping", "a&" * MAX_ADDRESS)]:
        for method in ("GET", "POST", "OPTIONS"):
            answer = await guarded_app.ask(method, path, LARGE, query=query)
            assert (answer.status, answer.json["error"]["code"], answer.reads) == (414, "address_too_long", 0)


class Greedy:
    """A dialect of a plug-in with one endpoint."""

    name = "greedy"

    def __init__(self, path: str) -> None:
        endpoint = endpoint_at("/v1/chat/completions")
        self.endpoints = (SimpleNamespace(wire=endpoint.wire, paths=(path,)),)


@pytest.mark.parametrize("path", ["/api/models", "/v1/responses/{response_id}/cancel", "/v1/{model}/cancel"])
def test_a_dialect_can_not_take_a_route_of_the_control_plane(path: str) -> None:
    """A model would answer in the place of a route that needs an admin's key."""
    endpoints = Endpoints(cast("list[Dialect]", [Greedy(path)]))
    with pytest.raises(ConfigError, match="The dialect 'greedy' takes POST /"):
        refuse_clashes(NEEDS, endpoints)


def test_no_dialect_of_ours_takes_one() -> None:
    refuse_clashes(NEEDS, Endpoints(registry().values()))


async def test_geminis_clients_may_send_the_key_in_the_query(guarded_app: InProcess) -> None:
    """As ``?key=…``, the way of Google's REST examples."""
    assert (await guarded_app.ask("GET", "/v1beta/models", query=f"key={TEAM}")).status == 200
    assert (await guarded_app.ask("GET", "/v1beta/models", query="key=tk-wrong")).status == 401
