"""Logs and metrics."""

from .logs import configure_logs
from .metrics import Metrics, exposition

__all__ = ["Metrics", "configure_logs", "exposition"]
