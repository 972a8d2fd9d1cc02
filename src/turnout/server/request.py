"""Reading a request off ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import structs

from turnout.core import Request
from turnout.dialects import Dialect, registry
from turnout.errors import BodyTooLarge, MethodNotAllowed, TurnoutError
from turnout.request_id import new_request_id as new_request_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


_KEY_HEADERS = frozenset(name.encode() for dialect in registry().values() for name in dialect.key_headers) - {
    b"authorization"  # has a scheme before the key
}
_KEY_QUERIES = tuple(f"{dialect.key_query}=" for dialect in registry().values() if dialect.key_query)


class ClientLeft(Exception):  # not an error: nobody is there to be told
    """The client closed the connection before its request was complete."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """What the data plane looks at in a request's headers."""

    length: int = -1  # of the body; -1 when it isn't said
    content_type: str = ""
    secret: bytes | None = None


def read_head(scope: Scope) -> Head:
    """One pass over the headers. Any dialect's place for the key is good for all of them."""
    length, content_type, secret = -1, "", None
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == b"bearer":
                secret = token.strip()
        elif name in _KEY_HEADERS:
            secret = value
    if secret is None and scope["query_string"] and _KEY_QUERIES:
        secret = _key_in_query(scope["query_string"].decode("latin-1"))
    return Head(length, content_type, secret)


def _key_in_query(query: str) -> bytes | None:
    for field in query.split("&"):
        for name in _KEY_QUERIES:
            if field.startswith(name):
                return unquote_to_bytes(field[len(name) :])
    return None


def with_headers(request: Request, headers: Iterable[tuple[bytes, bytes]], wanted: frozenset[bytes]) -> Request:
    """``request`` with those of its headers that go along when it is relayed."""
    found = {name.decode(): value.decode("latin-1") for name, value in headers if name in wanted}
    if not found or request.raw is None:
        return request
    return structs.replace(request, raw=structs.replace(request.raw, headers=found))


async def read_body(head: Head, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ``BodyTooLarge`` without waiting for the rest of one that is."""
    if head.length > limit:
        raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    if not message.get("more_body"):
        body = bytes(message["body"])
        if len(body) > limit:
            raise _too_large(limit)
        return body
    return await _read_pieces(message, receive, limit)


async def _read_pieces(message: Message, receive: Receive, limit: int) -> bytes:
    pieces, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeft
        pieces.append(message["body"])
        size += len(message["body"])
        if size > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {limit} bytes, the limit here. Send less, or raise server.max_body_bytes."
    )


async def send_error(dialect: Dialect, error: TurnoutError, send: Send) -> None:
    """A whole reply that says what is wrong, where nothing else is known of the request."""
    request_id = new_request_id()
    body = dialect.error(error, request_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"x-request-id", request_id.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
