"""Reads requests from ASGI, and sends errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from math import inf
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import msgspec
from msgspec import structs

from turnout.core import Request, WireBody
from turnout.core.header_lists import joined
from turnout.dialects import Dialect, registry
from turnout.errors import BodyTooLarge, InvalidRequest, MethodNotAllowed, TurnoutError, UnsupportedCoding
from turnout.request_id import new_request_id as new_request_id
from turnout.routing import SESSION_HEADERS
from turnout.version import __version__

from .packed_body import codings_of, unpacked

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


_AUTHORIZATION, _BEARER = b"authorization", b"bearer "  # the only header with a scheme before the key
_KEY_HEADERS = tuple(
    dict.fromkeys(name.encode() for dialect in registry().values() for name in ("authorization", *dialect.key_headers))
)
"""Headers that can hold a key, in the order in which their keys are tried."""

_ALL_KEY_HEADERS = frozenset(_KEY_HEADERS)
_ENCODING, _STRICT, _TRUE = b"content-encoding", b"x-turnout-strict", (b"1", b"true")
_TAGS, _TIMEOUT = b"x-turnout-tags", b"x-turnout-timeout"
_CACHE_CONTROL, _CACHE = b"cache-control", b"x-turnout-cache"
_LISTS = frozenset({_ENCODING, _TAGS, _CACHE_CONTROL})
_AGENT = b"user-agent"
_END_USERS = (b"x-openwebui-user-id", b"x-openwebui-user-email", b"x-openwebui-user-name")
"""Sent by Open WebUI where it forwards who asks; the first that is there counts. A proxy in front may send one, too."""

_SESSIONS = tuple(name.encode() for name in SESSION_HEADERS)
_LONGEST_NAME = 512
_READ_HEADERS = frozenset(
    {
        b"host",
        b"content-type",
        b"content-length",
        b"origin",
        _STRICT,
        _TIMEOUT,
        _CACHE,
        *_LISTS,
        *_SESSIONS,
        _AGENT,
        *_END_USERS,
    }
)
_USUAL_HEADERS = frozenset({b"host", b"content-type", b"content-length", _AGENT})
"""Most requests have no other one that is read, besides that of the key."""

_ALL_SESSIONS = frozenset(_SESSIONS)
_ALL_END_USERS = frozenset(_END_USERS)
_KEY_QUERIES = frozenset(dialect.key_query for dialect in registry().values() if dialect.key_query)
_USER_AGENT = "user-agent"
_MAX_KEYS = 8  # keys of one request that are tried

_RAISE_LIMIT = "Send less, or raise server.max_body_bytes."
_MAX_SHOWN = 200  # characters of a path in a message


class ClientLeft(Exception):  # not an error: there is no client to answer
    """The client closed the connection before its request was complete."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """The headers that are read first. ``secrets`` are the keys that the client sent. ``session`` names its session,
    ``end_user`` the person behind the client.
    """

    length: int = -1  # bytes of the body; -1: unknown
    content_type: str = ""
    secrets: tuple[bytes, ...] = ()
    host: bytes = b""
    origin: bytes | None = None
    encoding: str = ""
    strict: bool = False
    session: str = ""
    tags: frozenset[str] = frozenset()
    timeout: bytes | None = None
    agent: bytes = b""
    end_user: str = ""
    cache_control: bytes = b""
    cache: bytes = b""


def read_head(scope: Scope) -> Head:
    """Reads the headers in one pass. A key can be in any dialect's header or query, and in several of them.

    Keys have a fixed order: ``Authorization``, other headers, the query. Equal headers keep their order.
    """
    keys = 0
    secrets: tuple[bytes, ...] = ()
    read: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _ALL_KEY_HEADERS:
            keys += 1
            secrets = _secrets(name, value)
        elif name in _READ_HEADERS:
            # several lines of these are a list (RFC 9110, 5.3)
            read[name] = read[name] + b"," + value if name in read and name in _LISTS else value
    if keys > 1:
        secrets = _secrets_in_order(scope["headers"])
    if b"key=" in scope["query_string"]:
        secrets = (secrets + _keys_in_query(scope["query_string"].decode("latin-1")))[:_MAX_KEYS]
    length = read.get(b"content-length", b"")
    size = int(length) if length.isdigit() else -1
    media_type, host, agent = read.get(b"content-type", b"").decode("latin-1"), read.get(b"host", b""), read.get(_AGENT)
    if read.keys() <= _USUAL_HEADERS:
        return Head(size, media_type, secrets, host, agent=agent or b"")
    return Head(
        size,
        media_type,
        secrets,
        host,
        read.get(b"origin"),
        read.get(_ENCODING, b"").decode("latin-1"),
        read.get(_STRICT, b"").strip().lower() in _TRUE,
        "" if _ALL_SESSIONS.isdisjoint(read) else _first_name(_SESSIONS, read),
        _tags(read[_TAGS]) if _TAGS in read else _NO_TAGS,
        read.get(_TIMEOUT),
        agent or b"",
        "" if _ALL_END_USERS.isdisjoint(read) else unquote(_first_name(_END_USERS, read)),
        read.get(_CACHE_CONTROL, b""),
        read.get(_CACHE, b""),
    )


_NO_TAGS: frozenset[str] = frozenset()


def _first_name(headers: Iterable[bytes], read: Mapping[bytes, bytes]) -> str:
    """The first name that isn't empty. One that is too long is no name."""
    names = [read[header].strip().decode("latin-1") for header in headers if header in read]
    return next((name for name in names if 0 < len(name) <= _LONGEST_NAME), "")


def _tags(value: bytes) -> frozenset[str]:
    tags = value.decode("latin-1").lower().split(",")
    return frozenset([tag for tag in map(str.strip, tags) if tag])


def seconds_in(timeout: bytes) -> float:
    """The seconds that a client gives its request. Raises ``InvalidRequest``."""
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < inf:
        raise InvalidRequest("Expected a number of seconds above 0 in the header x-turnout-timeout, such as 2.5.")
    return seconds


def _secrets(name: bytes, value: bytes) -> tuple[bytes, ...]:
    """The key in one header, if there is one."""
    if name != _AUTHORIZATION:
        return (value.strip(),)
    return (value[7:].strip(),) if value[:7].lower() == _BEARER else ()


def _secrets_in_order(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, ...]:
    key_headers = [(name, value) for name, value in headers if name in _KEY_HEADERS]
    key_headers.sort(key=lambda header: _KEY_HEADERS.index(header[0]))
    return tuple(secret for header in key_headers for secret in _secrets(*header))[:_MAX_KEYS]


def _keys_in_query(query: str) -> tuple[bytes, ...]:
    fields = [field.partition("=") for field in query.split("&")]
    return tuple([unquote_to_bytes(value) for name, _, value in fields if name in _KEY_QUERIES])


def method_and_path(scope: Scope) -> str:
    """``POST /v1/…``, shortened and without control characters, for messages and the log."""
    path: str = scope["path"][:_MAX_SHOWN]
    shown = "".join([character if character.isprintable() else "\ufffd" for character in path])
    return f"{scope['method']} {shown}"


def with_headers(request: Request, headers: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> Request:
    """The request with those of its headers that are relayed to the provider: the ones in ``names``.

    ``request`` comes from the parser. Nobody else has it yet, so it is changed: copies would cost every request 2 µs.
    """
    relayed: dict[str, str] = {}
    for name, value in headers:
        if name in names:
            key, text = name.decode(), value.decode("latin-1")
            relayed[key] = joined(relayed[key], text) if key in relayed else text
    if not relayed or request.raw is None:
        return request
    if _USER_AGENT in relayed:
        relayed[_USER_AGENT] += f" turnout/{__version__}"
    structs.force_setattr(request.raw, "headers", relayed)
    return request


def with_query(request: Request, query: str) -> Request:
    """The request with the query of its address, which is relayed to the provider. Changed like by ``with_headers``."""
    if not query or not isinstance(request.raw, WireBody):
        return request
    structs.force_setattr(request.raw, "query", query)
    return request


async def read_body(head: Head, receive: Receive, limit: int, remedy: str = _RAISE_LIMIT) -> bytes:
    """The whole body, unpacked. Raises ``BodyTooLarge`` with the ``remedy`` as soon as the size is known;
    ``UnsupportedCoding``, ``InvalidRequest`` for a body that can't be unpacked; ``ClientLeft``.
    """
    codings = codings_of(head.encoding) if head.encoding else ()
    if head.length > limit:
        raise _too_large(limit, remedy)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    if message.get("more_body"):
        body = await _read_pieces(message, receive, limit, remedy)
    else:
        body = bytes(message["body"])
        if len(body) > limit:
            raise _too_large(limit, remedy)
    return await _unpacked(body, codings, limit, remedy) if codings else body


async def _unpacked(body: bytes, codings: Sequence[str], limit: int, remedy: str) -> bytes:
    plain = await unpacked(body, codings, limit)
    if plain is None:
        raise _too_large(limit, remedy)
    return plain


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


def headers_of(error: TurnoutError) -> list[tuple[bytes, bytes]]:
    """The headers that say what the client may do instead (RFC 9110, 15.5.6 and 15.5.16)."""
    if isinstance(error, MethodNotAllowed):
        return [(b"allow", error.allow.encode())]
    if isinstance(error, UnsupportedCoding):
        return [(b"accept-encoding", error.accepted.encode())]
    return []


async def send_error(dialect: Dialect, error: TurnoutError, send: Send) -> None:
    """Sends an error as a whole reply, in the dialect's shape."""
    request_id = new_request_id()
    body = dialect.error(error, request_id)
    headers = [
        (b"content-type", b"application/json"),
        (b"x-request-id", request_id.encode()),
        (b"content-length", str(len(body)).encode()),
        *headers_of(error),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
