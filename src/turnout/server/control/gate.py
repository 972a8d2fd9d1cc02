"""The one way into the control plane: who asks, then a bounded body, then the route. No route can change the order."""

from __future__ import annotations

import asyncio

import msgspec

from turnout.config import ServerSettings
from turnout.errors import InvalidRequest, RequestTimeout
from turnout.server.access import Access, Need
from turnout.server.request import ASGIApp, Message, Receive, Scope, Send, read_body, read_head

MOST_BODY = 64 * 1024
"""Bytes: twice what the largest model that can be made takes."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Gate:
    """``inside`` finds who asks in the scope's state, and the body read."""

    def __init__(self, inside: ASGIApp, access: Access, server: ServerSettings) -> None:
        self._inside = inside
        self._access = access
        self._most = min(MOST_BODY, server.max_body_bytes)
        self._seconds = server.body_timeout

    async def enter(self, need: Need, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ``RequestError`` for who may not, and for a body that can't be taken."""
        head = read_head(scope)
        caller = self._access.admit(scope, head, need)
        body = b""
        if scope["method"] in _WITH_BODY:
            try:
                async with asyncio.timeout(self._seconds):
                    body = await read_body(head, receive, self._most, "Nothing that is taken here is larger.")
            except TimeoutError:
                raise RequestTimeout(f"The body did not arrive within {self._seconds:g} s.") from None
            _check(body)
        state = {**scope["state"], "caller": caller}
        await self._inside({**scope, "state": state}, _after(body, receive), send)


def _check(body: bytes) -> None:
    """Raises ``InvalidRequest`` unless it is JSON. Python's own reader takes half characters, which nobody can store or
    tell again, and other encodings; and this one doesn't go deep.
    """
    try:
        body.decode()
        if body:
            msgspec.json.decode(body, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from error


def _after(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then the client's departure; nothing else of what it sends."""
    given = False

    async def giving() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        while (message := await receive())["type"] != "http.disconnect":
            pass
        return message

    return giving
