"""Requests to models over a WebSocket: each message is one request, answered before the next one is looked at.

A request goes the way of a POST, so it has the same key, steps, errors and record. The events of its stream become
messages.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from turnout.core.framing import events_of, payload_of
from turnout.dialects import Asked, ReplyContext, SocketConversation, SocketEndpoint
from turnout.errors import InvalidRequest, RequestError
from turnout.server.access import Access
from turnout.server.endpoints import Match
from turnout.server.request import Message, Receive, Scope, Send, new_request_id, read_head, send_error

Handle = Callable[[Match, Scope, Receive, Send], Awaitable[None]]

_OF_THE_CONNECTION: Final = frozenset({b"connection", b"content-encoding", b"content-length", b"upgrade"})
_OF_THE_SOCKET: Final = b"sec-websocket-"
_STREAM: Final = b"text/event-stream"


def conversation_at(match: Match | None) -> SocketConversation | None:
    """None for a path that has no WebSocket."""
    return match.endpoint.socket_conversation() if match and isinstance(match.endpoint, SocketEndpoint) else None


class Sockets:
    """``handle`` answers a POST."""

    def __init__(self, access: Access, handle: Handle) -> None:
        self._access = access
        self._handle = handle

    async def serve(
        self, match: Match, conversation: SocketConversation, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """A client without a key gets an error of HTTP in place of the WebSocket."""
        try:
            if "refuse_with" in scope["state"]:
                raise scope["state"].pop("refuse_with")
            self._access.key_of(scope, read_head(scope))
        except RequestError as error:
            await send_error(match.dialect, error, send)
            return
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await self._turn(match, conversation, message["text"], scope, send)

    async def _turn(self, match: Match, conversation: SocketConversation, text: str, scope: Scope, send: Send) -> None:
        try:
            asked = conversation.asked(text)
            warmed = _warm_up(match, conversation, asked) if asked.warms_up else None
        except InvalidRequest as error:
            body = match.dialect.error(error, new_request_id())
            await send(_text(conversation.error(error.status, body)))
            return
        turn = _Turn(conversation, asked, scope, send)
        if warmed is not None:
            await turn.send_events(warmed)
        else:
            await self._handle(match, turn.scope, turn.receive, turn.send)


def _warm_up(match: Match, conversation: SocketConversation, asked: Asked) -> bytes:
    """The events of an answer that nobody was asked for: Turnout has nothing to prepare at a provider."""
    request = match.endpoint.parse(asked.body)
    context = ReplyContext(request_id=new_request_id(), model=request.model, created=int(time.time()))
    renderer = match.endpoint.renderer(request, context)
    return renderer.feed(conversation.warm_up) + renderer.close()


class _Turn:
    """One request and its answer, with ASGI's ``receive`` and ``send`` of a POST."""

    def __init__(self, conversation: SocketConversation, asked: Asked, scope: Scope, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if _is_of_the_request(name)]
        self.scope: dict[str, Any] = {**scope, "type": "http", "method": "POST", "headers": headers}
        self._conversation = conversation
        self._asked = asked
        self._send = send
        self._read = False
        self._status = 500
        self._streams = False
        self._pieces: list[bytes] = []

    async def receive(self) -> Message:
        if not self._read:
            self._read = True
            return {"type": "http.request", "body": self._asked.body, "more_body": False}
        await self.scope["gone"]()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._streams = (b"content-type", _STREAM) in message["headers"]
        elif self._streams:
            await self.send_events(message["body"])
        else:
            self._pieces.append(message["body"])
            if not message.get("more_body"):
                await self._send(_text(self._conversation.error(self._status, b"".join(self._pieces))))

    async def send_events(self, data: bytes) -> None:
        """A sign of life is a ping."""
        for event in events_of(data):
            payload = payload_of(event)
            if payload.startswith(b"{"):
                self._conversation.answered(self._asked, payload)
                await self._send(_text(payload))
            else:
                await self._send({"type": "websocket.ping"})


def _is_of_the_request(name: bytes) -> bool:
    return name not in _OF_THE_CONNECTION and not name.startswith(_OF_THE_SOCKET)


def _text(data: bytes) -> Message:
    return {"type": "websocket.send", "text": data}
