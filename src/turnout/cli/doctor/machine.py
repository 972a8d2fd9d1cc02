"""What a server needs of this machine: a folder, a port, a database."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from turnout.catalog import Catalog
from turnout.config import Settings, why_not_listening
from turnout.core import WireRequest
from turnout.errors import ConfigError, UpstreamError
from turnout.gateway import fetch
from turnout.storage import database_url
from turnout.transport import Transport

from .check import Check

_PATIENCE = 2.0  # seconds
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # looked up, not listened on


async def machine_checks(catalog: Catalog) -> list[Check]:
    settings = catalog.settings
    return [*folder_checks(Path(settings.data_dir)), *_database_checks(settings), await _port_check(catalog)]


def folder_checks(folder: Path) -> Iterator[Check]:
    """Writes nothing that stays."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        cure = "Give another one with --data-dir, TURNOUT_DATA_DIR or 'data_dir'."
        yield Check("wrong", f"The ledger's folder {folder} can't be written to: {error.strerror}. {cure}")
    else:
        yield Check("ok", f"The ledger's folder {folder} can be written to.")


def _database_checks(settings: Settings) -> Iterator[Check]:
    try:
        database_url(Path(settings.data_dir), os.environ.get("DATABASE_URL"))
    except ConfigError as error:
        yield Check("wrong", error.message)


class _Health(msgspec.Struct):
    """A server that wants keys tells its status only: we send none."""

    status: str
    version: str = ""


async def _port_check(catalog: Catalog) -> Check:
    host, port = catalog.settings.server.host, catalog.settings.server.port
    try:
        _listen(host, port)
    except OSError as error:
        health = await _health(_EVERYWHERE.get(host, host), port)
        if health is None:
            return Check("wrong", why_not_listening(host, port, error, catalog.configured.address_variables))
        name = f"Turnout {health.version}".rstrip()
        if health.status != "ok":
            return Check("note", f"{name} serves on {host}:{port}, {health.status}: GET /health says why.")
        return Check("ok", f"{name} serves on {host}:{port}.")
    return Check("ok", f"{host}:{port} is free to serve on.")


def _listen(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))


async def _health(host: str, port: int) -> _Health | None:
    """What a Turnout on that port says of itself; None when it is something else."""
    transport = Transport()
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        _, _, greeting = await fetch(transport, WireRequest(f"{url}/", {}, b"", "GET"), _PATIENCE)
        if not greeting.startswith(b"Turnout "):
            return None
        _, _, body = await fetch(transport, WireRequest(f"{url}/health", {}, b"", "GET"), _PATIENCE)
        return msgspec.json.decode(body, type=_Health)
    except (UpstreamError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    finally:
        await transport.close()
