"""The server of both prototypes: uvicorn, which decodes the request and the reply's usage, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvicorn

Ask = Callable[[bytes], Awaitable[bytes]]


class _Request(msgspec.Struct):
    model: str
    messages: list[Any]


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int


class _Reply(msgspec.Struct):
    usage: _Usage


def serve(port: int, ask: Ask) -> None:
    """``ask`` sends a request's body upstream and gives the reply's."""
    request, reply = msgspec.json.Decoder(_Request), msgspec.json.Decoder(_Reply)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        request.decode(body)
        answer = await ask(body)
        reply.decode(answer)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    uvicorn.run(app, port=port, lifespan="off", log_config=None, access_log=False, proxy_headers=False)
