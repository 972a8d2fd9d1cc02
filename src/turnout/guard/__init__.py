"""Checks which key sent a request, and what that key may do."""

from .admin import may_administer, require_admin
from .allowances import Allowances, ReadSettled, StoreDown
from .expected_output import ExpectedOutput
from .gauges import Gauge
from .keys import ANONYMOUS, authenticate
from .policy import gauges_for, may_use, require_operation, require_use, team_of
from .policy_record import PolicyRecord, policy_of
from .reservation import Reservation

__all__ = [
    "ANONYMOUS",
    "Allowances",
    "ExpectedOutput",
    "Gauge",
    "PolicyRecord",
    "ReadSettled",
    "Reservation",
    "StoreDown",
    "authenticate",
    "gauges_for",
    "may_administer",
    "may_use",
    "policy_of",
    "require_admin",
    "require_operation",
    "require_use",
    "team_of",
]
