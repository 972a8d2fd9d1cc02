"""Logs and metrics."""

from .exposition import CONTENT_TYPE
from .logs import configure_logs
from .metrics import Metrics
from .shared import SharedMetrics

__all__ = ["CONTENT_TYPE", "Metrics", "SharedMetrics", "configure_logs"]
