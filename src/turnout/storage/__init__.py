"""The database. SQLAlchemy is imported when it is opened, not with this package: the import costs 0.6 s and 24 MB."""

from .address import database_url
from .counters import Counters, CounterState
from .lazy import LazyDatabase
from .request_page import FILTERS, Place, Repeated, RequestFilter, RequestPage
from .rerating_batch import Rate, Rated, RatedPeriod, Rerated
from .rows import BookRow, ModelRow, TakenVersion, TurnRow, UseRow
from .usage.asking import LatencyRow, Span, UsageQuestion, UsageRow
from .usage.dimensions import COST_UNIT, FAULTS, MEASURES, OUTCOMES, PIECES, TOKENS, Timing
from .usage.sketch import RELATIVE_ERROR, percentiles

__all__ = [
    "COST_UNIT",
    "FAULTS",
    "FILTERS",
    "MEASURES",
    "OUTCOMES",
    "PIECES",
    "RELATIVE_ERROR",
    "TOKENS",
    "BookRow",
    "CounterState",
    "Counters",
    "LatencyRow",
    "LazyDatabase",
    "ModelRow",
    "Place",
    "Rate",
    "Rated",
    "RatedPeriod",
    "Repeated",
    "RequestFilter",
    "RequestPage",
    "Rerated",
    "Span",
    "TakenVersion",
    "Timing",
    "TurnRow",
    "UsageQuestion",
    "UsageRow",
    "UseRow",
    "database_url",
    "percentiles",
]
