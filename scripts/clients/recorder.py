"""A proxy between a client and Turnout. It passes every byte on, and keeps what was said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httptools
import msgspec

BLOCK = 64 * 1024  # bytes


class Exchange(msgspec.Struct):
    """A request and its reply. ``status`` is 0 until the reply begins. Names of headers are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    status: int = 0
    reply_headers: dict[str, str] = msgspec.field(default_factory=dict)
    reply: bytes = b""


class Recorder:
    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self.exchanges: list[Exchange] = []

    @property
    def url(self) -> str:
        assert self._server  # noqa: S101 - it is only used inside ``recording``
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def stop(self) -> None:
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        said = _Conversation(self.exchanges)
        ways = [
            asyncio.create_task(_pass_on(reader, upstream_writer, said.asked)),
            asyncio.create_task(_pass_on(upstream_reader, writer, said.replied)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, upstream_writer):
            end.close()


@asynccontextmanager
async def recording(upstream_port: int) -> AsyncIterator[Recorder]:
    recorder = Recorder(upstream_port)
    await recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parser: _Parser) -> None:
    """Ends when the sender closes its connection, or the receiver has."""
    try:
        while block := await reader.read(BLOCK):
            parser.feed(block)
            writer.write(block)
            await writer.drain()
    except ConnectionError:
        return


class _Parser:
    """Reads the messages of one direction. After an upgrade it leaves the bytes alone."""

    def __init__(self) -> None:
        self.parser: Any = None
        self._upgraded = False

    def feed(self, block: bytes) -> None:
        if self._upgraded:
            return
        try:
            self.parser.feed_data(block)
        except httptools.HttpParserUpgrade:
            self._upgraded = True


class _Conversation:
    """The exchanges of one connection: replies come in the order of the requests."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.asked, self.replied = _Asked(exchanges), _Replied()
        self.asked.waiting = self.replied.waiting = []


class _Asked(_Parser):
    waiting: list[Exchange]

    def __init__(self, exchanges: list[Exchange]) -> None:
        super().__init__()
        self._exchanges = exchanges
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self._exchange = Exchange("", "", {})

    def on_url(self, url: bytes) -> None:
        self._exchange.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._exchange.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._exchange.method = self.parser.get_method().decode()
        self._exchanges.append(self._exchange)
        self.waiting.append(self._exchange)

    def on_body(self, body: bytes) -> None:
        self._exchange.body += body


class _Replied(_Parser):
    waiting: list[Exchange]

    def __init__(self) -> None:
        super().__init__()
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.waiting[0].reply_headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.waiting[0].status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.waiting[0].reply += body

    def on_message_complete(self) -> None:
        if self.waiting[0].status >= 200:
            self.waiting.pop(0)
