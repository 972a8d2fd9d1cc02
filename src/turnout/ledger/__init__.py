"""The record of every attempt: journalled before it is sent and after it ended, settled in the database exactly once.

docs/decisions/ledger.md tells why it is built like this, with the figures.
"""

from .ledger import Ledger, LedgerState
from .record import RequestRecord

__all__ = ["Ledger", "LedgerState", "RequestRecord"]
