"""The trace that a refused request leaves: a count for each reason, and now and then a line in the log."""

from __future__ import annotations

import time

import structlog

from turnout.errors import RequestError
from turnout.telemetry import Metrics

from .request import Scope, where

QUIET = 10.0
"""Seconds between two lines: who tries a thousand keys must not fill the log."""

_log = structlog.get_logger(__name__)


class Refusals:
    """Tells who asked and for what, never which key was sent."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._quiet_until = 0.0
        self._untold = 0

    def note(self, scope: Scope, reason: str, error: RequestError) -> None:
        self._metrics.refused(reason)
        now = time.monotonic()
        if now < self._quiet_until:
            self._untold += 1
            return
        client = scope.get("client")
        _log.warning(
            "request refused",
            reason=reason,
            status=error.status,
            client=client[0] if client else None,
            asked=where(scope),
            untold=self._untold,
        )
        self._quiet_until = now + QUIET
        self._untold = 0
