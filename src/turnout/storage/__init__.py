"""The database. SQLAlchemy is imported when it is opened, not with this package: the import costs 0.6 s and 24 MB."""

from .address import database_url
from .audit_filter import AUDIT_FILTERS, AuditFilter
from .counters import Counters, CounterState
from .lazy import LazyDatabase
from .request_page import FILTERS, Place, Repeated, RequestFilter, RequestPage
from .rerating_batch import Rate, Rated, RatedBatch, RatedPeriod, Rerated
from .rows import (
    BY_ITSELF,
    AccessKind,
    AuditEntry,
    AuditRow,
    BookRow,
    KeyRow,
    ModelRow,
    RecordRow,
    TakenVersion,
    TurnRow,
    UseRow,
)
from .secrets import OLD_SECRET_KEY_VARIABLE, SECRET_KEY_VARIABLE, Vault, is_sealed
from .usage.asking import LatencyRow, Span, UsageQuestion, UsageRow
from .usage.dimensions import COST_UNIT, FAULTS, MEASURES, OUTCOMES, PIECES, TOKENS, Timing
from .usage.sketch import RELATIVE_ERROR, percentiles
from .usage.spending import Spender, Spending, Spent, first_open_day

__all__ = [
    "AUDIT_FILTERS",
    "BY_ITSELF",
    "COST_UNIT",
    "FAULTS",
    "FILTERS",
    "MEASURES",
    "OLD_SECRET_KEY_VARIABLE",
    "OUTCOMES",
    "PIECES",
    "RELATIVE_ERROR",
    "SECRET_KEY_VARIABLE",
    "TOKENS",
    "AccessKind",
    "AuditEntry",
    "AuditFilter",
    "AuditRow",
    "BookRow",
    "CounterState",
    "Counters",
    "KeyRow",
    "LatencyRow",
    "LazyDatabase",
    "ModelRow",
    "Place",
    "Rate",
    "Rated",
    "RatedBatch",
    "RatedPeriod",
    "RecordRow",
    "Repeated",
    "RequestFilter",
    "RequestPage",
    "Rerated",
    "Span",
    "Spender",
    "Spending",
    "Spent",
    "TakenVersion",
    "Timing",
    "TurnRow",
    "UsageQuestion",
    "UsageRow",
    "UseRow",
    "Vault",
    "database_url",
    "first_open_day",
    "is_sealed",
    "percentiles",
]
