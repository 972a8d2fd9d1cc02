"""The only way into the control plane: it checks the key, reads a bounded body, then calls the route.

No route can change this order.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from turnout.config import ServerSettings
from turnout.errors import InvalidRequest, RequestTimeout
from turnout.server.access import Access, Need
from turnout.server.request import ASGIApp, Message, Receive, Scope, Send, read_body, read_head

MAX_BODY: Final = 64 * 1024
"""Bytes. The largest valid model takes half of it."""

_LARGER: Final = {
    "/v1/route/explain": 1024 * 1024,  # a conversation is longer
    "/v1/vector/points": 16 * 1024 * 1024,  # 500 points of 1,536 numbers
    "/v1/vector/search": 2 * 1024 * 1024,  # the longest vector has 65,535 numbers
}
"""Bytes."""


def largest_body(path: str) -> int:
    """Bytes that a body for ``path`` may have."""
    return _LARGER.get(path, MAX_BODY)


_READ_STRICTLY: Final = frozenset({"/v1/vector/points", "/v1/vector/search"})
"""Their routes read bodies as ``_check_json`` does, and these are large: so it would hold up the event loop twice."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_DELETES_WITH_BODY: Final = frozenset({"/v1/vector/points"})


def takes_body(method: str, path: str) -> bool:
    return method in _WITH_BODY or (method == "DELETE" and path in _DELETES_WITH_BODY)


class Gate:
    """``app`` gets the caller in the scope's state, and a body that was read already."""

    def __init__(self, app: ASGIApp, access: Access, server: ServerSettings) -> None:
        self._app = app
        self._access = access
        self._max_body = server.max_body_bytes
        self._body_seconds = server.body_timeout

    async def enter(self, need: Need, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ``RequestError`` for a missing right, and for a body that is too large, too late or not JSON."""
        head = read_head(scope)
        caller = self._access.admit(scope, head, need)
        body = b""
        if takes_body(scope["method"], scope["path"]):
            try:
                async with asyncio.timeout(self._body_seconds):
                    most = min(largest_body(scope["path"]), self._max_body)
                    body = await read_body(head, receive, most, "Nothing that is taken here is larger.")
            except TimeoutError:
                raise RequestTimeout(f"The body did not arrive within {self._body_seconds:g} s.") from None
            if scope["path"] not in _READ_STRICTLY:
                _check_json(body)
        state = {**scope["state"], "caller": caller}
        await self._app({**scope, "state": state}, _replay(body, receive), send)


def _check_json(body: bytes) -> None:
    """Raises ``InvalidRequest`` for a body that isn't JSON in UTF-8.

    The routes' own parser (Python's) accepts other encodings and half characters, which no database stores, and it
    has no bound for the depth.
    """
    try:
        body.decode()
        if body:
            msgspec.json.decode(body, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.") from error


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body that was read, and then only the client's disconnect."""
    is_replayed = False

    async def receive_again() -> Message:
        nonlocal is_replayed
        if not is_replayed:
            is_replayed = True
            return {"type": "http.request", "body": body, "more_body": False}
        while (message := await receive())["type"] != "http.disconnect":
            pass
        return message

    return receive_again
