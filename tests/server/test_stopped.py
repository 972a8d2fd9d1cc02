"""A request that the HTTP server stops is told why, in the shape of its client's dialect."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.support.asgi import InProcess
from turnout.errors import Overloaded, RequestTimeout
from turnout.server.request import Message, Scope

CONTROL, INFERENCE, CLAUDE = "/api/models", "/v1/chat/completions", "/v1/messages"


def scope_of(path: str) -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"100")],
        "client": ("127.0.0.1", 40_000),
        "state": {},
    }


class Sent:
    """What was sent to the client."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")

    @property
    def error(self) -> Any:
        return json.loads(self.body)["error"]


@pytest.mark.parametrize("path", [CONTROL, INFERENCE, CLAUDE])
async def test_one_over_a_limit_is_refused_before_its_body_is_read(open_app: InProcess, path: str) -> None:
    scope, sent, reads = scope_of(path), Sent(), 0

    async def receive() -> Message:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b"{}", "more_body": False}

    scope["state"]["refuse_with"] = Overloaded("Too many.")
    await open_app.app(scope, receive, sent.send)
    assert (sent.status, sent.error["message"], reads) == (503, "Too many.", 0)


@pytest.mark.parametrize("path", [CONTROL, INFERENCE, CLAUDE])
async def test_one_whose_body_is_late_is_refused(open_app: InProcess, path: str) -> None:
    scope, sent, waits = scope_of(path), Sent(), asyncio.Event()

    async def receive() -> Message:
        waits.set()
        return await asyncio.Future()

    task = asyncio.create_task(_run(open_app, scope, receive, sent))
    await waits.wait()
    scope["state"]["refuse_with"] = RequestTimeout("Too late.")
    task.cancel()
    await asyncio.wait_for(task, 5)
    assert (sent.status, sent.error["message"]) == (408, "Too late.")


@pytest.mark.parametrize("path", [CONTROL, INFERENCE])
async def test_one_that_is_cancelled_for_no_reason_has_no_answer(open_app: InProcess, path: str) -> None:
    sent, waits = Sent(), asyncio.Event()

    async def receive() -> Message:
        waits.set()
        return await asyncio.Future()

    task = asyncio.create_task(_run(open_app, scope_of(path), receive, sent))
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert sent.body == b""


async def _run(app: InProcess, scope: Scope, receive: Any, sent: Sent) -> None:
    await app.app(scope, receive, sent.send)
