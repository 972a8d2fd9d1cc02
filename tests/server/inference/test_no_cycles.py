"""Nothing of a request outlives its answer in the server either, whatever went wrong on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.test_settling import HEL, OVERLOADED, ROLE, streaming
from tests.library.support import FREE, isolate
from tests.support.garbage import nothing_left_for_the_collector
from tests.support.openai_wire import choice, completion
from tests.support.raw_upstream import RawUpstream, Script, Visit, ok, replying
from turnout.config import CommandLine
from turnout.dialects import registry
from turnout.errors import Overloaded, TurnoutError
from turnout.gateway import Gateway, GatewaySetup
from turnout.server.access import Access
from turnout.server.bearer_tokens import BearerTokens
from turnout.server.endpoints import Endpoints
from turnout.server.inference.handler import Inference
from turnout.server.pages import Pages

pytestmark = pytest.mark.usefixtures("earlier_objects_are_frozen")

HELLO = completion(choice(content="Hello"))
BROKEN_PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA"


async def resetting(visit: Visit) -> None:
    await visit.request()
    visit.reset()


class Upstream:
    """Answers the next request with ``script``."""

    def __init__(self) -> None:
        self.script: Script = replying(ok(HELLO))

    async def __call__(self, visit: Visit) -> None:
        await self.script(visit)


class Server:
    """The data plane in front of ``upstream``, without a socket."""

    def __init__(self, gateway: Gateway, upstream: Upstream) -> None:
        self._inference = Inference(gateway, Access(gateway, Pages(gateway.settings.server), BearerTokens(gateway)))
        self._endpoints = Endpoints(registry().values())
        self.upstream = upstream

    async def answer(
        self, path: str, body: bytes, *, leave: bool = False, refuse_with: type[TurnoutError] | None = None
    ) -> int:
        """The status, 0 for a client that left before it came."""
        match = self._endpoints.find(path)
        assert match is not None
        client = Client(body, leave)
        scope = {
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(b"content-type", b"application/json"), (b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "state": {} if refuse_with is None else {"refuse_with": refuse_with("no")},
        }
        await asyncio.create_task(self._inference.handle(match, scope, client.receive, client.send))
        return client.status


class Client:
    def __init__(self, body: bytes, leave: bool) -> None:
        self._body: bytes | None = body
        self._leave = leave
        self.status = 0

    async def receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self._leave:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    isolate(monkeypatch, tmp_path)
    upstream = Upstream()
    async with RawUpstream(upstream) as listening:
        deployment = {"provider": "compatible", "model": "m", "base_url": f"{listening.origin}/v1"}
        down = deployment | {"base_url": "http://127.0.0.1:1/v1"}
        config = {
            "discovery": False,
            "retries": {"attempts": 2, "backoff": 0.001, "backoff_max": 0.002},
            "models": {
                "up": {"deployments": [deployment], "price": FREE},
                "down": {"deployments": [down, down | {"model": "n"}], "price": FREE},
            },
        }
        path = tmp_path / "turnout.yaml"
        path.write_text(yaml.safe_dump(config))
        async with GatewaySetup(CommandLine(config=path, data_dir=str(tmp_path))).open() as gateway:
            yield Server(gateway, upstream)


def chat(model: Any = "up", content: Any = "hi", **fields: Any) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": content}], **fields}).encode()


PICTURE = [{"type": "image_url", "image_url": {"url": BROKEN_PNG}}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(chat(), 200, id="ok"),
        pytest.param(chat("down"), 502, id="nobody-listens"),
        pytest.param(chat("down", stream=True), 502, id="nobody-listens-to-a-stream"),
        pytest.param(chat("nobody"), 404, id="unknown-model"),
        pytest.param(b"{", 400, id="no-json"),
        pytest.param(chat(n="many"), 200, id="wrong-type"),
        pytest.param(chat(model=1), 400, id="model-of-a-wrong-type"),
        pytest.param(chat(content=PICTURE), 400, id="broken-image"),
        pytest.param(chat(content=PICTURE * 3), 400, id="broken-images"),
        pytest.param(chat(content="z" * 1_000_000), 200, id="large"),
        pytest.param(chat("down", content="z" * 1_000_000), 502, id="large-and-nobody-listens"),
        pytest.param(b'{"messages": "' + b"z" * 1_000_000, 400, id="large-and-no-json"),
    ],
)
async def test_a_request(server: Server, body: bytes, status: int) -> None:
    await server.answer("/v1/chat/completions", chat())  # what is made once is made
    with nothing_left_for_the_collector():
        assert await server.answer("/v1/chat/completions", body) == status


async def test_a_refusal_by_the_server(server: Server) -> None:
    await server.answer("/v1/chat/completions", chat())
    with nothing_left_for_the_collector():
        assert await server.answer("/v1/chat/completions", chat(), refuse_with=Overloaded) == 503


@pytest.mark.parametrize(
    ("path", "wish"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}),
        ("/v1/responses", {"input": "hi", "store": False}),
    ],
)
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(streaming(ROLE, HEL, then="cut"), id="cut"),
        pytest.param(streaming(HEL, OVERLOADED), id="error"),
        pytest.param(streaming(HEL, b"data: {\n\n"), id="malformed"),
        pytest.param(resetting, id="reset"),
    ],
)
async def test_a_stream_that_breaks(server: Server, script: Script, path: str, wish: dict[str, Any]) -> None:
    body = json.dumps({"model": "up", "stream": True, **wish}).encode()
    server.upstream.script = script
    await server.answer(path, body)
    with nothing_left_for_the_collector():
        await server.answer(path, body)


async def test_a_client_that_leaves(server: Server) -> None:
    server.upstream.script = streaming(ROLE, HEL, then="silence")
    await server.answer("/v1/chat/completions", chat(stream=True), leave=True)
    with nothing_left_for_the_collector():
        await server.answer("/v1/chat/completions", chat(stream=True), leave=True)


async def test_a_defect_of_ours(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("turnout.server.inference.answering.fold", broken)
    monkeypatch.setattr("turnout.server.inference.answering.Relayed", type(None))
    await server.answer("/v1/chat/completions", chat())
    with nothing_left_for_the_collector():
        assert await server.answer("/v1/chat/completions", chat()) == 500
