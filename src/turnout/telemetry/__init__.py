"""Logs and metrics."""

from .logs import configure_logs
from .metrics import Metrics

__all__ = ["Metrics", "configure_logs"]
