"""Builds the app with both planes and the metrics."""

from __future__ import annotations

import os
from pathlib import Path

from turnout.gateway import Gateway
from turnout.telemetry import SHARED_FOLDER_VARIABLE, SharedMetrics

from .app import App
from .control import control_app


def application(gateway: Gateway) -> App:
    folder = os.environ.get(SHARED_FOLDER_VARIABLE)
    metrics = SharedMetrics(gateway.metrics, Path(folder) if folder else None)
    return App(gateway, metrics, control_app(gateway, metrics))
