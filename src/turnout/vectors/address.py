"""Where the Qdrant server is, by the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from turnout.errors import ConfigError

PORT: Final = 6333
_PORTS: Final = {"http": PORT, "https": 443}


class QdrantAddress(msgspec.Struct, frozen=True):
    url: str
    api_key: str | None = None


def address_in(environ: Mapping[str, str]) -> QdrantAddress | None:
    """``QDRANT_URL``, else ``QDRANT_HOST`` and ``QDRANT_PORT``; None: there is no server, so vectors are kept inside
    Turnout. Raises ``ConfigError``.
    """
    key = environ.get("QDRANT_API_KEY") or None
    url = environ.get("QDRANT_URL", "")
    if url:
        return QdrantAddress(_checked(url), key)
    host = environ.get("QDRANT_HOST", "")
    if not host:
        return None
    port = environ.get("QDRANT_PORT") or str(PORT)
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ConfigError(f"QDRANT_PORT is '{port}': expected a number from 1 to 65535.")
    if "/" in host:
        raise ConfigError(f"QDRANT_HOST is '{host}': expected a name or an address alone. Or set QDRANT_URL.")
    host = f"[{host}]" if ":" in host else host
    return QdrantAddress(_checked(f"http://{host}:{port}"), key)


def _checked(url: str) -> str:
    """The URL with a port: without one, Qdrant's client would take 6333 for HTTPS, too."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ConfigError("QDRANT_URL is no address: expected one such as http://localhost:6333.")
    if port is not None:
        return url
    return parts._replace(netloc=f"{parts.netloc}:{_PORTS[parts.scheme]}").geturl()
