"""Which web pages may ask: ``Origin`` tells whose page it is, ``Host`` by which name it reached this machine.

A browser sends a page's requests to any address, this machine's too, and a page can lead a name of its own here (DNS
rebinding). Who sends a key is known by it, as a browser adds no key by itself. Who needs none is known by this alone.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from turnout.config import ServerSettings, is_loopback
from turnout.errors import ForeignPage

from .request import Message, Scope, Send

_CONTAINERS = ("host.docker.internal", "host.containers.internal")
"""How containers call the machine that they run on. Nobody else can have a name that ends like this."""

_ANY = b"*"
_LONGEST = 100  # characters of what is told again
_MAX_AGE = b"600"  # seconds for which a browser needs no second preflight


class Pages:
    """``cors`` are the origins whose pages may read answers, ``allowed_hosts`` further names of this machine."""

    def __init__(self, server: ServerSettings) -> None:
        self._on_loopback = is_loopback(server.host)
        self._hosts = frozenset(host.lower() for host in (*_CONTAINERS, *server.allowed_hosts))
        self._origins = frozenset(origin.lower().encode() for origin in server.cors)
        self._named = self._origins - {_ANY}
        self._is_ours = lru_cache(maxsize=256)(self._names_this_machine)

    def check(self, host: bytes, origin: bytes | None) -> None:
        """For a request without a right key where none is needed. Raises ``ForeignPage``."""
        if self._on_loopback and not self._is_ours(host):
            raise ForeignPage(
                f"'{_shown(host)}' is no name of this machine, and a web page may have led it here. "
                "Ask for localhost, send an API key, or list the name in server.allowed_hosts."
            )
        if origin is not None and not _is_same(origin, host) and origin.lower() not in self._named:
            raise ForeignPage(
                f"A web page from '{_shown(origin)}' may not ask without an API key. "
                "If it should, list its origin in server.cors ('*' doesn't count here)."
            )

    def is_own(self, host: bytes, origin: bytes | None) -> bool:
        """Whether no page from elsewhere can be behind it, not even one of ``server.cors``."""
        return self._is_ours(host) and (origin is None or _is_same(origin, host))

    def telling(self, scope: Scope, send: Send) -> Send:
        """``send``, with what lets the page read the answer where it may."""
        if not self._origins:
            return send
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        if origin is None or not self._may_read(origin):
            return send
        headers = [(b"access-control-allow-origin", origin), (b"vary", b"origin"), *_told_of(scope)]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        return sending

    def _may_read(self, origin: bytes) -> bool:
        return origin != b"null" and (origin.lower() in self._named or _ANY in self._origins)

    def _names_this_machine(self, host: bytes) -> bool:
        try:
            name = (urlsplit(f"//{host.decode('latin-1')}").hostname or "").removesuffix(".")
        except ValueError:  # no address that any client of ours would send
            return False
        return name in self._hosts or name.endswith(".localhost") or is_loopback(name)


def _told_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """To a preflight, what may be sent; to anything else, that all of the answer's headers may be read."""
    asked = {name: value for name, value in scope["headers"] if name.startswith(b"access-control-request-")}
    if scope["method"] != "OPTIONS" or b"access-control-request-method" not in asked:
        return [(b"access-control-expose-headers", b"*")]
    told = [
        (b"access-control-allow-methods", asked[b"access-control-request-method"]),
        (b"access-control-max-age", _MAX_AGE),
    ]
    if names := asked.get(b"access-control-request-headers"):
        told.append((b"access-control-allow-headers", names))
    return told


def _is_same(origin: bytes, host: bytes) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != b""
    except ValueError:
        return False


def _shown(header: bytes) -> str:
    return header[:_LONGEST].decode("ascii", "replace")
