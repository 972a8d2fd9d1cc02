"""Keeps whether a part of the service works, and logs each change."""

from __future__ import annotations

import logging

from turnout.errors import TurnoutError

_log = logging.getLogger(__name__)


class Condition:
    """``error`` says what is wrong now; None while the part works. Only changes are logged, not every failure.

    ``part`` begins a sentence: "The ledger's journal". ``consequence`` says what the fault means for requests.
    """

    def __init__(self, part: str, consequence: str) -> None:
        self._part = part
        self._consequence = consequence
        self.error: str | None = None

    def broke(self, error: Exception) -> None:
        if self.error is None:
            trace = None if isinstance(error, TurnoutError | OSError) else error  # a defect of ours needs a traceback
            _log.error("%s does not work: %s. %s", self._part, error, self._consequence, exc_info=trace)
        self.error = str(error) or type(error).__name__

    def works(self) -> None:
        if self.error is not None:
            _log.warning("%s works again.", self._part)
        self.error = None
