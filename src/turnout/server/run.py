"""Starts the service: one process, or several that share the port."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Collection

import structlog

from turnout.config import CommandLine, ServerSettings, why_not_listening
from turnout.dialects import registry
from turnout.errors import ConfigError
from turnout.gateway import GatewaySetup
from turnout.telemetry import configure_logs

from . import process
from .control import NEEDS, refuse_clashes
from .endpoints import Endpoints
from .workers import Workers

_log = structlog.get_logger(__name__)


def serve(command_line: CommandLine, on_listening: Callable[[GatewaySetup, str, int], None]) -> None:
    """Serves until SIGTERM or SIGINT. ``on_listening`` is called with the setup, the host and the port.

    Raises ``ConfigError``, also for an address that can't be used, and ``StorageUnavailable`` for a database that a
    newer version has changed or that is half migrated.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until a handler replaces it that drains first
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    setup = GatewaySetup(command_line)
    refuse_clashes(NEEDS, Endpoints(registry().values()))
    settings = setup.settings
    configure_logs(settings.log.level, settings.log.format)
    asyncio.run(setup.database.refuse_unusable())
    listener = _listen(settings.server, setup.catalog.configured.address_variables)
    host, port = listener.getsockname()[:2]
    url_host = f"[{host}]" if ":" in host else host
    _log.info("listening", url=f"http://{url_host}:{port}", workers=settings.server.workers)
    on_listening(setup, host, port)
    if settings.server.workers == 1:
        process.run(setup, listener)
    else:
        Workers(command_line, listener, settings.server.workers, settings.server.drain).run()


def _listen(server: ServerSettings, variables: Collection[str]) -> socket.socket:
    host, port = server.host, server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(why_not_listening(host, port, error, variables)) from error
    listener.listen(4096)
    return listener
