"""Which web pages may ask where no key is needed, and which may read answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.conftest import MODELS, TEAM
from tests.support.asgi import Answer, InProcess, in_process
from turnout.server.control.needs import NEEDS

CHAT = {"model": "echo", "messages": [{"role": "user", "content": "Hello."}]}
PAGE = "https://app.example"
EVIL = "https://evil.example"
ROUTES = ["POST /v1/chat/completions", "POST /v1/messages", "POST /api/generate", "POST /api/show", "GET /v1/models",
          "GET /metrics", "GET /api/models", "POST /api/models", "GET /v1/requests/req_1"]  # fmt: skip


async def ask(app: InProcess, name: str, **headers: str) -> Answer:
    method, _, path = name.partition(" ")
    return await app.ask(method, path, json.dumps(CHAT).encode(), {**headers, "content-type": "text/plain"})


class TestWithoutKeys:
    @pytest.mark.parametrize("name", ROUTES)
    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": EVIL},
            {"origin": "null"},
            {"origin": "*"},
            {"origin": "http://["},
            {"origin": "http://localhost:3000"},
            {"origin": "http://localhost"},
            {"host": "evil.example:8003", "origin": "http://evil.example:8003"},
            {"host": "evil.example:8003"},
            {"host": "localhost.evil.example"},
            {"host": "127.0.0.1.evil.example"},
            {"host": "0.0.0.0"},  # noqa: S104  # a browser that is given it asks loopback
            {"host": ""},
            {"host": "["},
            {"host": "\xff"},
        ],
        ids=str,
    )
    async def test_a_page_from_elsewhere_is_refused(
        self, open_app: InProcess, name: str, headers: dict[str, str]
    ) -> None:
        answer = await ask(open_app, name, **headers)
        assert (answer.status, answer.reads) == (403, 0)
        assert "access-control-allow-origin" not in answer.headers
        assert "server." in answer.body.decode()  # what to do

    @pytest.mark.parametrize("name", ROUTES)
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"host": "localhost"},
            {"host": "LOCALHOST:8003"},
            {"host": "turnout.localhost:8003"},
            {"host": "127.9.9.9:8003"},
            {"host": "[::1]:8003"},
            {"host": "localhost.:8003"},
            {"host": "host.docker.internal:8003"},
            {"host": "llm.example"},
            {"host": "localhost:8003", "origin": "http://localhost:8003"},
            {"host": "llm.example", "origin": "https://llm.example"},
            {"origin": PAGE},
            {"origin": "HTTPS://APP.EXAMPLE"},
        ],
        ids=str,
    )
    async def test_local_and_allowed_pages_are_served(
        self, open_app: InProcess, name: str, headers: dict[str, str]
    ) -> None:
        answer = await ask(open_app, name, **headers)
        assert answer.status != 403
        if name == "POST /api/models" and "origin" in headers:  # an allowed page may ask, not administer
            own = headers["origin"].partition("//")[2] == headers.get("host")
            assert answer.status == (400 if own else 401)

    @pytest.mark.parametrize("name", [name for name, need in NEEDS.items() if need.value == "nothing"])
    async def test_probes_answer_anybody(self, open_app: InProcess, name: str) -> None:
        answer = await ask(open_app, name, origin=EVIL, host="evil.example")
        assert answer.status == 200
        if name == "GET /health":
            assert answer.json == {"status": "ok"}

    @pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "via"])
    async def test_a_client_behind_a_proxy_may_chat_but_not_administer(self, open_app: InProcess, name: str) -> None:
        headers = {name: "192.0.2.1", "host": "llm.example"}
        statuses = [(await ask(open_app, route, **headers)).status for route in ("GET /v1/models", "POST /api/models")]
        assert statuses == [200, 401]

    async def test_a_client_on_another_machine_may_not_administer(self, open_app: InProcess) -> None:
        assert (await open_app.ask("POST", "/api/models", CHAT, client="192.0.2.1")).status == 401

    async def test_a_refusal_is_counted(self, open_app: InProcess) -> None:
        refused = open_app.gateway.metrics.tally.refused
        before = refused.get("foreign_page", 0)
        await ask(open_app, "POST /v1/chat/completions", origin=EVIL)
        assert refused["foreign_page"] == before + 1


class TestReading:
    """``access-control-…``: what a browser lets a page read."""

    @pytest.mark.parametrize("stream", [False, True])
    async def test_an_allowed_page_reads_answers(self, open_app: InProcess, stream: bool) -> None:
        answer = await open_app.ask("POST", "/v1/chat/completions", CHAT | {"stream": stream}, {"origin": PAGE})
        assert answer.status == 200
        assert b"Hello." in answer.body
        cors_headers = {name: answer.headers[name] for name in ("access-control-allow-origin", "vary")}
        assert cors_headers == {"access-control-allow-origin": PAGE, "vary": "origin"}
        assert answer.headers["access-control-expose-headers"] == "*"

    @pytest.mark.parametrize("path", ["/v1/models", "/v1/models/none", "/nothing", "/v1/chat/completions", "/ping"])
    async def test_an_allowed_page_may_read_errors_and_lists_too(self, open_app: InProcess, path: str) -> None:
        assert (await open_app.ask("GET", path, headers={"origin": PAGE})).headers[
            "access-control-allow-origin"
        ] == PAGE

    @pytest.mark.parametrize("headers", [{}, {"origin": EVIL}, {"origin": "null"}], ids=str)
    async def test_other_pages_get_no_cors_headers(self, open_app: InProcess, headers: dict[str, str]) -> None:
        answer = await open_app.ask("GET", "/ping", headers=headers)
        assert [name for name in answer.headers if name.startswith("access-control")] == []

    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/api/models/x", "/chat/completions"])
    async def test_the_preflight_of_an_allowed_page_is_answered(self, open_app: InProcess, path: str) -> None:
        asks = {
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,x-stainless-os",
        }
        answer = await open_app.ask("OPTIONS", path, headers=asks | {"origin": PAGE})
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-methods"] == "POST"
        assert answer.headers["access-control-allow-headers"] == asks["access-control-request-headers"]
        refused = await open_app.ask("OPTIONS", path, headers=asks | {"origin": EVIL})
        assert [name for name in refused.headers if name.startswith("access-control")] == []


@pytest.fixture(scope="module")
async def any_page_app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    """A key is known, and none is needed; any page may read answers."""
    config = {"auth": {"required": False}, "keys": [{"key": TEAM}], "server": {"cors": ["*"]}, "models": MODELS}
    async with in_process(tmp_path_factory.mktemp("any"), config) as app:
        yield app


async def test_any_page_may_be_let_in_but_only_with_a_key(any_page_app: InProcess) -> None:
    page = {"origin": EVIL, "host": "evil.example"}
    for name in ("POST /v1/chat/completions", "GET /v1/models"):
        assert (await ask(any_page_app, name, **page)).status == 403
        assert (await ask(any_page_app, name, **page, authorization="Bearer none")).status == 403
        answer = await ask(any_page_app, name, **page, authorization=f"Bearer {TEAM}")
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, EVIL)


async def test_host_and_origin_are_not_checked_with_a_key(guarded_app: InProcess) -> None:
    for headers in ({"origin": EVIL}, {"origin": "null"}, {"host": "evil.example"}, {"host": ""}):
        answer = await ask(guarded_app, "POST /v1/chat/completions", **headers, authorization=f"Bearer {TEAM}")
        assert answer.status == 200
        assert "access-control-allow-origin" not in answer.headers


async def test_beyond_loopback_any_name_is_good_and_pages_are_still_told_apart(tmp_path: Path) -> None:
    config = {"server": {"host": "0.0.0.0"}, "auth": {"required": False}, "models": MODELS}  # noqa: S104  # never listened on
    async with in_process(tmp_path, config) as app:
        name = "turnout.example"
        assert (await ask(app, "GET /v1/models", host=name)).status == 200
        assert (await ask(app, "GET /v1/models", host=name, origin=f"http://{name}")).status == 200
        assert (await ask(app, "GET /v1/models", host=name, origin=EVIL)).status == 403
        assert (await ask(app, "POST /api/models", host=name)).status == 401
