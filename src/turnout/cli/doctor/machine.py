"""Checks what a server needs from this machine: a folder, a database, a port."""

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

_HEALTH_SECONDS = 2.0
_LISTEN_TO_CLIENT_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # hosts to call


async def machine_checks(catalog: Catalog) -> list[Check]:
    settings = catalog.settings
    return [*folder_checks(Path(settings.data_dir)), *_database_checks(settings), await _port_check(catalog)]


def folder_checks(folder: Path) -> Iterator[Check]:
    """Writes a temporary file and leaves nothing behind."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        advice = "Give another one with --data-dir, TURNOUT_DATA_DIR or 'data_dir'."
        yield Check("wrong", f"The ledger's folder {folder} can't be written to: {error.strerror}. {advice}")
    else:
        yield Check("ok", f"The ledger's folder {folder} can be written to.")


def _database_checks(settings: Settings) -> Iterator[Check]:
    try:
        database_url(Path(settings.data_dir), os.environ.get("DATABASE_URL"))
    except ConfigError as error:
        yield Check("wrong", error.message)


class _Health(msgspec.Struct):
    """A server that needs keys sends only its status, because the doctor sends no key."""

    status: str
    version: str = ""


async def _port_check(catalog: Catalog) -> Check:
    host, port = catalog.settings.server.host, catalog.settings.server.port
    try:
        _listen(host, port)
    except OSError as error:
        health = await _health(_LISTEN_TO_CLIENT_HOST.get(host, host), port)
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
    """The health of the Turnout at that port. None when something else is there."""
    transport = Transport()
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        _, _, greeting = await fetch(transport, WireRequest(f"{url}/", {}, b"", "GET"), _HEALTH_SECONDS)
        if not greeting.startswith(b"Turnout "):
            return None
        _, _, body = await fetch(transport, WireRequest(f"{url}/health", {}, b"", "GET"), _HEALTH_SECONDS)
        return msgspec.json.decode(body, type=_Health)
    except (UpstreamError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    finally:
        await transport.close()
