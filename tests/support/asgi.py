"""The app in the process of the test, without a socket. It counts the calls of ``receive``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from turnout.config import CommandLine
from turnout.gateway import Gateway, GatewaySetup
from turnout.server.app import App
from turnout.server.application import followed_marks
from turnout.server.bearer_tokens import BearerTokens
from turnout.server.control.app import control_app
from turnout.telemetry import SharedMetrics

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class Answer(msgspec.Struct):
    """``reads`` is the number of times that the app called ``receive``."""

    status: int
    headers: dict[str, str]
    body: bytes
    reads: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class InProcess:
    """``ask`` makes one request. The client is on this machine, unless ``client`` is another one."""

    def __init__(self, app: App, gateway: Gateway) -> None:
        self.app = app
        self.gateway = gateway

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = b"",
        headers: Headers = (),
        *,
        query: str = "",
        client: str = "127.0.0.1",
    ) -> Answer:
        all_headers = [*(headers.items() if isinstance(headers, Mapping) else headers)]
        if "host" not in [name for name, _ in all_headers]:
            all_headers.insert(0, ("host", "localhost:8003"))
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            all_headers.append(("content-type", "application/json"))
        scope = {
            "type": "http",
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in all_headers],
            "client": (client, 40_000),
            "server": ("127.0.0.1", 8003),
            "state": {},
        }
        return await self._exchange(scope, body)

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> Answer:
        answer = Answer(status=0, headers={}, body=b"", reads=0)

        async def receive() -> dict[str, Any]:
            answer.reads += 1
            if answer.reads > 1:
                await asyncio.Event().wait()  # the client stays connected, and sends nothing more
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            elif scope["method"] != "HEAD":  # as the server does
                answer.body += message.get("body", b"")

        await self.app(scope, receive, send)
        return answer


@asynccontextmanager
async def in_process(folder: Path, config: Mapping[str, Any], **environment: str) -> AsyncIterator[InProcess]:
    """The app with that configuration; it discovers nothing, and its data is in ``folder``."""
    path = folder / "turnout.yaml"
    path.write_text(yaml.safe_dump({"discovery": False, "data_dir": str(folder / "data"), **config}))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOST", "TURNOUT_ADMIN_KEY", "DATABASE_URL", "QDRANT_URL", "QDRANT_HOST"):
            patch.delenv(name, raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        async with GatewaySetup(CommandLine(config=path)).open() as gateway, followed_marks(gateway) as marks:
            tokens = BearerTokens(gateway)
            control = control_app(gateway, SharedMetrics(gateway.metrics, None), marks, tokens)
            yield InProcess(App(gateway, control, tokens), gateway)
