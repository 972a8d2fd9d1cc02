"""The record of every attempt. The journal has it before it is sent and after it ended; the database gets it once.

docs/decisions/ledger.md has the reasons and the figures.
"""

from .ledger import Ledger, LedgerState
from .observer import SettlementObserver
from .process_folder import new_owner
from .record import RequestRecord
from .usage import Difference, Recomputing, RequestList, Upkeep, Usage

__all__ = [
    "Difference",
    "Ledger",
    "LedgerState",
    "Recomputing",
    "RequestList",
    "RequestRecord",
    "SettlementObserver",
    "Upkeep",
    "Usage",
    "new_owner",
]
