"""Checks which key sent a request, and what that key may do."""

from .admin import may_administer, require_admin
from .gauges import Gauge
from .keys import ANONYMOUS, authenticate, may_use, require_model

__all__ = ["ANONYMOUS", "Gauge", "authenticate", "may_administer", "may_use", "require_admin", "require_model"]
