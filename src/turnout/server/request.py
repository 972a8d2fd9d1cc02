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
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


_AUTHORIZATION, _BEARER = b"authorization", b"bearer "  # alone in having a scheme before the key
_KEY_PLACES = tuple(
    dict.fromkeys(name.encode() for dialect in registry().values() for name in ("authorization", *dialect.key_headers))
)
"""Headers that may hold a key, first one first."""

_WANTED = frozenset({b"host", b"content-type", b"content-length", b"origin", *_KEY_PLACES})
_KEY_QUERIES = frozenset(dialect.key_query for dialect in registry().values() if dialect.key_query)
_MOST_KEYS = 8  # that one request may try

_RAISE_LIMIT = "Send less, or raise server.max_body_bytes."
_LONGEST_SHOWN = 200  # characters of an address that is told again


class ClientLeft(Exception):  # not an error: nobody is there to be told
    """The client closed the connection before its request was complete."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """What is looked at in a request's headers before anything else. ``secrets`` are the keys that were sent."""

    length: int = -1  # of the body; -1 when it isn't said
    content_type: str = ""
    secrets: tuple[bytes, ...] = ()
    host: bytes = b""
    origin: bytes | None = None


def read_head(scope: Scope) -> Head:
    """One pass over the headers. Any dialect's place for a key is good for all of them, and several may hold one.

    The keys' order is that of their places, whatever the order of the headers: ``Authorization``, the others, the
    query. In one place the first line comes first.
    """
    length, content_type, host, origin, keys = -1, "", b"", None, 0
    secrets: tuple[bytes, ...] = ()
    for name, value in scope["headers"]:
        if name not in _WANTED:
            continue
        if name == b"host":
            host = value
        elif name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"content-length":
            length = int(value) if value.isdigit() else -1
        elif name == b"origin":
            origin = value
        else:
            keys += 1
            secrets = _secrets(name, value)
    if keys > 1:
        secrets = _in_order(scope["headers"])
    if b"key=" in scope["query_string"]:
        secrets = (secrets + _keys_in_query(scope["query_string"].decode("latin-1")))[:_MOST_KEYS]
    return Head(length, content_type, secrets, host, origin)


def _secrets(name: bytes, value: bytes) -> tuple[bytes, ...]:
    """The key of one header, if it holds one."""
    if name != _AUTHORIZATION:
        return (value.strip(),)
    return (value[7:].strip(),) if value[:7].lower() == _BEARER else ()


def _in_order(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    holding = [(name, value) for name, value in headers if name in _KEY_PLACES]
    holding.sort(key=lambda header: _KEY_PLACES.index(header[0]))
    return tuple(secret for header in holding for secret in _secrets(*header))[:_MOST_KEYS]


def _keys_in_query(query: str) -> tuple[bytes, ...]:
    fields = [field.partition("=") for field in query.split("&")]
    return tuple([unquote_to_bytes(value) for name, _, value in fields if name in _KEY_QUERIES])


def where(scope: Scope) -> str:
    """``POST /v1/…``, as it may be told again: not too long, and without what would do things to a terminal."""
    path: str = scope["path"][:_LONGEST_SHOWN]
    shown = "".join([letter if letter.isprintable() else "\ufffd" for letter in path])
    return f"{scope['method']} {shown}"


def with_headers(request: Request, headers: Iterable[tuple[bytes, bytes]], wanted: frozenset[bytes]) -> Request:
    """``request`` with those of its headers that go along when it is relayed."""
    found = {name.decode(): value.decode("latin-1") for name, value in headers if name in wanted}
    if not found or request.raw is None:
        return request
    return structs.replace(request, raw=structs.replace(request.raw, headers=found))


async def read_body(head: Head, receive: Receive, limit: int, remedy: str = _RAISE_LIMIT) -> bytes:
    """The whole body. Raises ``BodyTooLarge``, which tells the remedy, without waiting for the rest of one that is."""
    if head.length > limit:
        raise _too_large(limit, remedy)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    if not message.get("more_body"):
        body = bytes(message["body"])
        if len(body) > limit:
            raise _too_large(limit, remedy)
        return body
    return await _read_pieces(message, receive, limit, remedy)


async def _read_pieces(message: Message, receive: Receive, limit: int, remedy: str) -> bytes:
    pieces, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientLeft
        pieces.append(message["body"])
        size += len(message["body"])
        if size > limit:
            raise _too_large(limit, remedy)
        if not message.get("more_body"):
            return b"".join(pieces)
        message = await receive()


def _too_large(limit: int, remedy: str) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes, the limit here. {remedy}")


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
