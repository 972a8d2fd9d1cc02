"""An upstream that streams one fixed reply, an event at a time, to any number of callers.

A GET of ``/`` gives the number of events sent so far. A system under test has carried all of them, also those of a
stream that the load generator did not read to its end. Any other GET is a gateway that examines its upstream.

usage: python -m bench.sse_upstream PORT GAP_SECONDS [ENDPOINT]

ENDPOINT is a path of one of Turnout's dialects; the upstream streams on its wire. Without it, on that of OpenAI's chat.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import chain
from typing import cast

import uvloop

from bench.exchange import SERVER_FACTS, frames_at, stream_frames

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
BODY_LENGTH = b"content-length:"


def chunked(frame: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(frame), frame)


def writes(endpoint: str | None) -> tuple[bytes, ...]:
    frames = frames_at(endpoint) if endpoint else stream_frames()
    return (HEAD, *map(chunked, frames), b"0\r\n\r\n")


class Tally:
    """Events sent to all callers."""

    events = 0


class Connection(asyncio.Protocol):
    """One kept-alive connection; it reads one request, answers it, then reads the next."""

    def __init__(self, writes: tuple[bytes, ...], gap: float, tally: Tally) -> None:
        self._writes = writes
        self._gap = gap
        self._tally = tally
        self._received = bytearray()
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = bytes(self._received).partition(b"\r\n\r\n")
        if not separator or len(body) < body_length(head):
            return
        self._received.clear()
        if head.startswith(b"GET / "):
            self._transport.write(json_response(str(self._tally.events)))
        elif head.startswith(b"GET "):
            self._transport.write(json_response(SERVER_FACTS))
        else:
            self._send(chain(self._writes))

    def _send(self, writes: chain[bytes]) -> None:
        piece = next(writes, None)
        if piece is None or self._transport.is_closing():
            return
        self._transport.write(piece)
        self._tally.events += piece is not HEAD and piece is not self._writes[-1]
        self._loop.call_later(0 if piece is HEAD else self._gap, self._send, writes)


def json_response(text: str) -> bytes:
    body = text.encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def body_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(BODY_LENGTH):
            return int(line.removeprefix(BODY_LENGTH))
    return 0


async def main(port: int, gap: float, endpoint: str | None = None) -> None:
    loop, tally = asyncio.get_running_loop(), Tally()
    prepared = writes(endpoint)
    server = await loop.create_server(lambda: Connection(prepared, gap, tally), "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]))
