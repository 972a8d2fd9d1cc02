"""A provider on the wires of OpenAI and Anthropic that quotes the key it was sent, in the way the prompt asks for:
``refusal`` (an error status), ``event`` (an error inside a stream), ``garbage`` (no JSON at all).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_KEY = re.compile(rb"(?:x-api-key: |authorization: Bearer )(\S+)", re.IGNORECASE)
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@asynccontextmanager
async def key_quoting_provider() -> AsyncIterator[str]:
    """Its address."""
    async with await asyncio.start_server(_serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length, key = _LENGTH.search(head), _KEY.search(head)
    assert length
    assert key
    body = await reader.readexactly(int(length[1]))
    words = f"Incorrect API key provided: {key[1].decode()}."
    error = {"type": "error", "error": {"type": "authentication_error", "message": words}}
    if b"refusal" in body:
        writer.write(_reply("401 Unauthorized", json.dumps(error)))
    elif b"event" in body:
        writer.write(_reply("200 OK", f"event: error\ndata: {json.dumps(error)}\n\n"))
    else:
        writer.write(_reply("200 OK", words))
    await writer.drain()
    writer.close()


def _reply(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
