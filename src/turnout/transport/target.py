"""Where a URL points to, worked out once for each URL."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from turnout.core.paths import leaves
from turnout.errors import UpstreamUnreachable

_DEFAULT_PORTS = {"http": 80, "https": 443}


class Target(msgspec.Struct, frozen=True):
    """``origin`` is what connections are kept by; ``path`` includes the query."""

    origin: str
    host: str
    port: int
    secure: bool
    authority: str  # for the Host header
    path: str


@lru_cache(4096)
def target_of(url: str) -> Target:
    """Raises ``UpstreamUnreachable`` for what isn't an absolute http(s) URL."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UpstreamUnreachable(f"'{address_of(url)}' is not a valid address.") from error
    if parts.scheme not in _DEFAULT_PORTS or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise UpstreamUnreachable(f"'{address_of(url)}' is not a valid address: expected http(s)://host/….")
    default = _DEFAULT_PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    authority = shown if port in (None, default) else f"{shown}:{port}"
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
    """Where a provider's URL points to: its key goes along, so nothing in the path may lead elsewhere.

    Names are put into paths so that they can't (``core/paths.py``); this holds for whatever is built.
    """
    target = target_of(url)
    if "#" in url or "\\" in url or leaves(target.path.partition("?")[0]):
        raise UpstreamUnreachable(f"The path of a request to '{address_of(url)}' would lead elsewhere.")
    return target


def address_of(url: str) -> str:
    """The part of a URL that may be shown: userinfo, path and query could hold what is nobody's business."""
    scheme, separator, rest = url.partition("://")
    host = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    return f"{scheme}{separator}{host}" if separator else url.split("?")[0]
