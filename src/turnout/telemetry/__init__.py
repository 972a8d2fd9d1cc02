"""Logs and metrics."""

from .logs import configure_logs
from .metrics import Metrics, exposition
from .shared import SharedMetrics

__all__ = ["Metrics", "SharedMetrics", "configure_logs", "exposition"]
