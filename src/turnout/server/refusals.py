"""Records refused requests: a count for each reason, and at intervals a line in the log."""

from __future__ import annotations

import time

import structlog

from turnout.errors import RequestError
from turnout.telemetry import Metrics

from .request import Scope, method_and_path

QUIET_SECONDS = 10.0
"""The shortest time between two lines: a client that tries a thousand keys must not fill the log."""

_log = structlog.get_logger(__name__)


class Refusals:
    """A line has the client and the path, never the key."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._quiet_until = 0.0
        self._unlogged = 0

    def record(self, scope: Scope, reason: str, error: RequestError) -> None:
        self._metrics.refused(reason)
        now = time.monotonic()
        if now < self._quiet_until:
            self._unlogged += 1
            return
        client = scope.get("client")
        _log.warning(
            "request refused",
            reason=reason,
            status=error.status,
            client=client[0] if client else None,
            asked=method_and_path(scope),
            untold=self._unlogged,
        )
        self._quiet_until = now + QUIET_SECONDS
        self._unlogged = 0
