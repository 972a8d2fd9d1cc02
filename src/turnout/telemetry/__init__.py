"""Logs and metrics."""

from .breaker import PROBE_SECONDS, Breaker
from .condition import Condition
from .exposition import CONTENT_TYPE
from .logs import configure_logs
from .metrics import CacheTally, MarkTally, Metrics
from .shared import SHARED_FOLDER_VARIABLE, SharedMetrics

__all__ = [
    "CONTENT_TYPE",
    "PROBE_SECONDS",
    "SHARED_FOLDER_VARIABLE",
    "Breaker",
    "CacheTally",
    "Condition",
    "MarkTally",
    "Metrics",
    "SharedMetrics",
    "configure_logs",
]
