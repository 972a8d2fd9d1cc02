"""The parts of a URL that a request needs. They are cached for each URL."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import structs

from turnout.core.paths import leaves
from turnout.errors import UpstreamUnreachable

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Target(msgspec.Struct, frozen=True):
    """``origin`` is the key of the connection pool. ``path`` includes the query.

    ``authorization`` is the header of that name, from the user and the password in the URL. Never print it.
    """

    origin: str
    host: str
    port: int
    secure: bool
    authority: str  # for the Host header
    path: str
    authorization: str = ""


@lru_cache(4096)
def target_of(url: str) -> Target:
    """Raises ``UpstreamUnreachable`` for a text that isn't an absolute http(s) URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UpstreamUnreachable(f"'{address_of(url)}' is not a valid address.") from error
    if parts.scheme not in _DEFAULT_PORTS or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise UpstreamUnreachable(f"'{address_of(url)}' is not a valid address: expected http(s)://host/….")
    default = _DEFAULT_PORTS[parts.scheme]
    bracketed = f"[{host}]" if ":" in host else host
    authority = bracketed if port in (None, default) else f"{bracketed}:{port}"
    path = parts.path or "/"
    return Target(
        origin=f"{parts.scheme}://{authority}",
        host=host,
        port=default if port is None else port,
        secure=parts.scheme == "https",
        authority=authority,
        path=f"{path}?{parts.query}" if parts.query else path,
    )


@lru_cache(4096)
def provider_target_of(url: str) -> Target:
    """Like ``target_of``, with the URL's user and password, which go before the key: so do the vendors' SDKs.

    Raises ``UpstreamUnreachable`` for a path that leads elsewhere, as the key is sent along.

    ``core/paths.py`` escapes the names in paths; this check covers every other way to build a URL.
    """
    target = target_of(url)
    if "#" in url or "\\" in url or leaves(target.path.partition("?")[0]):
        raise UpstreamUnreachable(f"The path of a request to '{address_of(url)}' would lead elsewhere.")
    authorization = basic_authorization(url)
    return structs.replace(target, authorization=authorization) if authorization else target


def basic_authorization(url: str) -> str:
    """``Basic …`` for a valid URL with a user (RFC 7617), else an empty text."""
    userinfo, separator, _ = urlsplit(url).netloc.rpartition("@")
    if not separator:
        return ""
    user, _, password = userinfo.partition(":")
    return f"Basic {b64encode(f'{unquote(user)}:{unquote(password)}'.encode()).decode()}"


def address_of(url: str) -> str:
    """The part of a URL that may be shown. Userinfo, path and query may hold secrets."""
    scheme, separator, rest = url.partition("://")
    host = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    return f"{scheme}{separator}{host}" if separator else url.split("?")[0]
