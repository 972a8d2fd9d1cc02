"""The app with everything it stands on."""

from __future__ import annotations

import os
from pathlib import Path

from turnout.gateway import Gateway
from turnout.telemetry import SharedMetrics
from turnout.telemetry.shared import VARIABLE

from .app import App
from .control import control_app


def application(gateway: Gateway) -> App:
    folder = os.environ.get(VARIABLE)
    metrics = SharedMetrics(gateway.metrics, Path(folder) if folder else None)
    return App(gateway, metrics, control_app(gateway, metrics))
