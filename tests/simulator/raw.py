"""An HTTP client that shows every byte, the pieces in which they came, and how the connection ended."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

PATIENCE = 10.0
"""Seconds of silence after which a connection counts as silent."""
SILENCE = 0.15
"""The same, for tests that expect silence."""

End = Literal["complete", "closed", "reset", "silent"]


class Reply(msgspec.Struct):
    """``reads`` are the pieces that the socket gave. ``end`` is "complete" after a whole HTTP reply."""

    reads: list[bytes]
    end: End

    @property
    def raw(self) -> bytes:
        return b"".join(self.reads)

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)

    @property
    def chunks(self) -> list[bytes]:
        """The chunks of a chunked body, as far as they are well-formed."""
        rest = self.raw.partition(b"\r\n\r\n")[2]
        chunks = []
        while match := re.match(rb"([0-9a-f]+)\r\n", rest):
            size, start = int(match[1], 16), match.end()
            if size == 0 or len(rest) < start + size:
                break
            chunks.append(rest[start : start + size])
            rest = rest[start + size + 2 :]
        return chunks

    @property
    def body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join(self.chunks)
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of every event of an SSE stream that is JSON."""
        lines = [line[6:] for line in self.body.splitlines() if line.startswith(b"data: {")]
        return [json.loads(line) for line in lines]


async def ask(
    url: str,
    body: Mapping[str, Any] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "",
    patience: float = PATIENCE,
) -> Reply:
    """Sends a request on a new connection, and reads until the reply is whole, cut or silent for ``patience``."""
    reader, writer = await send(url, body, headers, method)
    reads: list[bytes] = []
    try:
        end = await _read(reader, reads, patience)
    finally:
        writer.close()
    return Reply(reads, end)


async def send(
    url: str, body: Mapping[str, Any] | bytes | None = None, headers: Mapping[str, str] | None = None, method: str = ""
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    lines = [f"{method or ('GET' if body is None else 'POST')} {target} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join([*lines, f"content-length: {len(data)}", "", ""]).encode() + data)
    return reader, writer


async def _read(reader: asyncio.StreamReader, reads: list[bytes], patience: float) -> End:
    while True:
        try:
            data = await asyncio.wait_for(reader.read(65536), patience)
        except TimeoutError:
            return "silent"
        except ConnectionResetError:
            return "reset"
        if not data:
            return "closed"
        reads.append(data)
        if _whole(b"".join(reads)):
            return "complete"


def _whole(raw: bytes) -> bool:
    head, separator, body = raw.partition(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head):
        return bool(separator) and len(body) == int(length[1])
    return bool(separator) and (body == b"0\r\n\r\n" or body.endswith(b"\r\n0\r\n\r\n"))
