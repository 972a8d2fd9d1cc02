"""Starting the service: one process, or several that share the port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from turnout.catalog import CommandLine, Settings
from turnout.errors import ConfigError
from turnout.gateway import Gateway
from turnout.telemetry import SharedMetrics, configure_logs
from turnout.telemetry.shared import VARIABLE

from .app import App
from .control import control_app
from .protocol import BoundedConfig

_log = structlog.get_logger(__name__)


def serve(command_line: CommandLine) -> None:
    """Serves until SIGTERM or SIGINT. Raises ``ConfigError``, also for an address that can't be listened on."""
    gateway = Gateway(command_line)
    settings = gateway.settings
    configure_logs(settings.log.level, settings.log.format)
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    _log.info("listening", url=f"http://{host}:{port}", workers=settings.server.workers)
    if settings.server.workers == 1:
        # When all is drained, uvicorn raises the signal again for whoever listened before it: an ordinary end.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.Server(_config(settings, application(gateway))).run([listener])
    else:
        _serve_with_workers(command_line, settings, listener)


def application(gateway: Gateway) -> App:
    folder = os.environ.get(VARIABLE)
    metrics = SharedMetrics(gateway.metrics, Path(folder) if folder else None)
    return App(gateway, metrics, control_app(gateway, metrics))


def _serve_with_workers(command_line: CommandLine, settings: Settings, listener: socket.socket) -> None:
    folder = tempfile.mkdtemp(prefix="turnout-metrics-")
    os.environ[VARIABLE] = folder
    try:
        config = _config(settings, _WorkerApp(command_line), factory=True)
        _Workers(config, [listener]).run()
    finally:
        shutil.rmtree(folder)


class _Workers(Multiprocess):
    """Stops listening when it stops the workers: else new clients would wait for an answer that nobody gives."""

    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


class _WorkerApp:
    """Makes the app in a worker process; travels there by pickle."""

    def __init__(self, command_line: CommandLine) -> None:
        self._command_line = command_line

    def __call__(self) -> App:
        gateway = Gateway(self._command_line)
        configure_logs(gateway.settings.log.level, gateway.settings.log.format)
        return application(gateway)


def _config(settings: Settings, app: object, *, factory: bool = False) -> uvicorn.Config:
    server = settings.server
    return BoundedConfig(
        app,
        server,
        factory=factory,
        workers=server.workers,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=round(server.drain),
    )


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.server.host, settings.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(f"Can't listen on {host}:{port}: {error.strerror}. Choose another with --port.") from error
    listener.listen(4096)
    listener.set_inheritable(True)
    return listener
