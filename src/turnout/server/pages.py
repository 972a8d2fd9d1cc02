"""Which web pages can send requests. ``Origin`` names the page; ``Host`` is the name that it used for this machine.

A browser sends a page's requests to any address, also to this machine, and a page can point its own name here (DNS
rebinding). A browser adds no key by itself, so a request with a key is safe. Only requests without one are checked.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from turnout.config import ServerSettings, is_loopback
from turnout.errors import ForeignPage

from .request import Message, Scope, Send

_CONTAINERS = ("host.docker.internal", "host.containers.internal")
"""The names that containers use for the machine they run on. Nobody can register a name that ends like this."""

_ANY = b"*"
_MAX_QUOTED = 100  # characters of a header in an error message
_MAX_AGE = b"600"  # seconds for which a browser keeps the answer to a preflight


class Pages:
    """``server.cors`` has the origins whose pages can read answers, ``server.allowed_hosts`` names of this machine."""

    def __init__(self, server: ServerSettings) -> None:
        self._on_loopback = is_loopback(server.host)
        self._hosts = frozenset(host.lower() for host in (*_CONTAINERS, *server.allowed_hosts))
        self._origins = frozenset(origin.lower().encode() for origin in server.cors)
        self._listed_origins = self._origins - {_ANY}
        self._means_this_machine = lru_cache(maxsize=256)(self._names_this_machine)

    def check(self, host: bytes, origin: bytes | None) -> None:
        """Checks a request without a key on a server that needs none. Raises ``ForeignPage``."""
        if self._on_loopback and not self._means_this_machine(host):
            raise ForeignPage(
                f"'{_quotable(host)}' is no name of this machine, and a web page may have led it here. "
                "Ask for localhost, send an API key, or list the name in server.allowed_hosts."
            )
        if origin is not None and not _is_same(origin, host) and origin.lower() not in self._listed_origins:
            raise ForeignPage(
                f"A web page from '{_quotable(origin)}' may not ask without an API key. "
                "If it should, list its origin in server.cors ('*' doesn't count here)."
            )

    def is_own(self, host: bytes, origin: bytes | None) -> bool:
        """Whether no foreign page can have sent the request, not even one of ``server.cors``."""
        return self._means_this_machine(host) and (origin is None or _is_same(origin, host))

    def with_cors_headers(self, scope: Scope, send: Send) -> Send:
        """A ``send`` that adds CORS headers when the page can read the answer."""
        if not self._origins:
            return send
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        if origin is None or not self._may_read(origin):
            return send
        headers = [(b"access-control-allow-origin", origin), (b"vary", b"origin"), *_cors_headers(scope)]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        return send_with_headers

    def _may_read(self, origin: bytes) -> bool:
        return origin != b"null" and (origin.lower() in self._listed_origins or _ANY in self._origins)

    def _names_this_machine(self, host: bytes) -> bool:
        try:
            name = (urlsplit(f"//{host.decode('latin-1')}").hostname or "").removesuffix(".")
        except ValueError:  # not an address
            return False
        return name in self._hosts or name.endswith(".localhost") or is_loopback(name)


def _cors_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """A preflight gets the allowed method and headers. Other requests get the right to read all reply headers."""
    requested = {name: value for name, value in scope["headers"] if name.startswith(b"access-control-request-")}
    if scope["method"] != "OPTIONS" or b"access-control-request-method" not in requested:
        return [(b"access-control-expose-headers", b"*")]
    headers = [
        (b"access-control-allow-methods", requested[b"access-control-request-method"]),
        (b"access-control-max-age", _MAX_AGE),
    ]
    if names := requested.get(b"access-control-request-headers"):
        headers.append((b"access-control-allow-headers", names))
    return headers


def _is_same(origin: bytes, host: bytes) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != b""
    except ValueError:
        return False


def _quotable(header: bytes) -> str:
    return header[:_MAX_QUOTED].decode("ascii", "replace")
