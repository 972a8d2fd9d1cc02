"""One WebSocket: what the client and the application say to each other over a connection that was upgraded (RFC 6455).

``websockets`` reads and writes the frames, and keeps the rules of the protocol.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import MutableMapping
from typing import Any, Final

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from turnout.errors import TurnoutError

from .exchange import Exchange, ExchangeConnection

LONGEST_SECONDS: Final = 3600.0
"""OpenAI's WebSockets live as long (https://developers.openai.com/api/docs/guides/websocket-mode)."""

_LOG: Final = logging.getLogger(__name__)
_LOG.setLevel(logging.WARNING)  # the library tells of every connection

_MOST_WAITING: Final = 16
"""Messages that may wait for the answers to earlier ones."""

_DISCONNECT: Final = {"type": "websocket.disconnect"}


class SocketExchange(Exchange):
    """ASGI's ``receive`` and ``send`` of a WebSocket. The client has gone when either side has closed it: ``gone`` of
    the scope waits for that.
    """

    __slots__ = (
        "_early",
        "_expiry",
        "_fragments",
        "_gone",
        "_messages",
        "_offer",
        "_protocol",
        "_socket",
        "_stopping",
        "_waiting",
    )

    def __init__(
        self,
        connection: ExchangeConnection,
        scope: MutableMapping[str, Any],
        client: str,
        *,
        offer: bytes,
        max_bytes: int,
    ) -> None:
        """``offer`` is the head of the client's request. Messages may have ``max_bytes``, those that wait too."""
        super().__init__(connection, scope, client, keep_alive=False, expects_continue=False)
        self._socket = connection
        self._protocol = ServerProtocol(max_size=max_bytes, logger=_LOG)
        self._messages: deque[bytes] = deque()
        self._waiting = 0  # bytes of messages
        self._fragments: list[bytes] = []
        self._offer = offer
        self._early: list[bytes] = []
        self._stopping = False
        self._gone = asyncio.Event()
        self._expiry = connection.loop.call_later(LONGEST_SECONDS, self._close, CloseCode.GOING_AWAY, "60 minutes")
        self.complete()
        scope["gone"] = self._gone.wait

    # --- the connection calls these ---

    def feed(self, piece: bytes) -> None:
        if self._protocol.state is State.CONNECTING:
            self._early.append(piece)  # of a client that doesn't wait for the reply to its offer
            return
        self._protocol.receive_data(piece)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._read(event)
        self._flush()

    def disconnect(self) -> None:
        self._expiry.cancel()
        self._messages.clear()
        self._gone.set()
        super().disconnect()

    def stop(self, error: TurnoutError) -> None:
        """Ends the answer that is under way with ``error``, and then the connection."""
        self._stopping = True
        if self._waiter is None:
            super().stop(error)
        else:
            self.close_if_idle()

    def close_if_idle(self) -> None:
        """Closes it unless an answer is under way, which is then the last one."""
        if self._waiter is not None:
            self._close(CloseCode.SERVICE_RESTART, "")

    # --- frames ---

    def _read(self, frame: Frame) -> None:
        """Control frames are answered by the protocol itself."""
        if frame.opcode is Opcode.BINARY:
            self._close(CloseCode.UNSUPPORTED_DATA, "send text")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                self._take(b"".join(self._fragments))
                self._fragments.clear()

    def _take(self, message: bytes) -> None:
        self._waiting += len(message)
        if len(self._messages) == _MOST_WAITING or self._waiting > (self._protocol.max_message_size or 0):
            self._close(CloseCode.POLICY_VIOLATION, "too much waits for earlier answers")
            return
        self._messages.append(message)
        self._wake()

    def _close(self, code: int, reason: str) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
        self._flush()

    def _flush(self) -> None:
        """Writes what the protocol has to say. It ends with an empty piece."""
        for data in self._protocol.data_to_send():
            if data:
                self._socket.write(data)
        if self._protocol.state in (State.CLOSING, State.CLOSED) and not self.client_gone:
            self.disconnect()

    # --- the application calls these ---

    async def receive(self) -> dict[str, Any]:
        while not self.client_gone:
            if self._stopping or (self._socket.closing_soon and not self._messages):
                self._close(CloseCode.SERVICE_RESTART, "")
                break
            if self._messages:
                message = self._messages.popleft()
                self._waiting -= len(message)
                return {"type": "websocket.receive", "text": message.decode()}
            self._waiter = self._socket.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return _DISCONNECT

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """A reply in place of the upgrade is one of HTTP."""
        match message["type"]:
            case "websocket.accept":
                self._accept()
            case "websocket.send" if not self.client_gone:
                if self._socket.writing_paused:
                    await self._socket.drained()
                self._protocol.send_text(message["text"])
                self._flush()
            case "websocket.ping" if not self.client_gone:
                self._protocol.send_ping(b"")
                self._flush()
            case "http.response.start" | "http.response.body":
                await super().send(message)

    def _accept(self) -> None:
        """The reply to an offer that breaks the protocol is an error, and the client is told no more."""
        self.started = True
        self._protocol.receive_data(self._offer)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
        self._flush()
        early, self._early = b"".join(self._early), []
        if self._protocol.state is State.CONNECTING:
            self.disconnect()
        elif early:
            self.feed(early)

    async def run(self, app: Any) -> None:
        """Runs the application. The connection ends with it."""

        async def whole(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._end()

        await super().run(whole)

    def _end(self) -> None:
        self._expiry.cancel()
        if self.started and not self.reply_complete:
            self._close(CloseCode.NORMAL_CLOSURE, "")
            self.reply_complete = True
            self._socket.end_reply(self)
