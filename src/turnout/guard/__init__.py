"""Checks which key sent a request, what that key may do, and whether its limits and budgets let the request through."""

from .admin import may_administer, may_audit, require_admin, require_auditor
from .alerts import log_alert
from .allowances import Allowances, ReadSettled, Settled, Standing, StoreDown
from .expected_output import ExpectedOutput
from .gauges import Gauge
from .jwt import ClaimNames, KeyRing, TokenRules, Tokens, TokenState
from .keys import ANONYMOUS, authenticate
from .periods import BudgetPeriod
from .policy import gauges_for, has_budgets, may_use, require_operation, require_use, team_of
from .policy_record import PolicyRecord, gauges_in_policy, policy_of
from .reservation import Reservation
from .settled import SettledSums
from .store import chosen_store

__all__ = [
    "ANONYMOUS",
    "Allowances",
    "BudgetPeriod",
    "ClaimNames",
    "ExpectedOutput",
    "Gauge",
    "KeyRing",
    "PolicyRecord",
    "ReadSettled",
    "Reservation",
    "Settled",
    "SettledSums",
    "Standing",
    "StoreDown",
    "TokenRules",
    "TokenState",
    "Tokens",
    "authenticate",
    "chosen_store",
    "gauges_for",
    "gauges_in_policy",
    "has_budgets",
    "log_alert",
    "may_administer",
    "may_audit",
    "may_use",
    "policy_of",
    "require_admin",
    "require_auditor",
    "require_operation",
    "require_use",
    "team_of",
]
