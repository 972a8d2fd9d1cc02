"""The state of the control process, which ``GET /health`` of any process reports."""

from __future__ import annotations

from typing import Final

import msgspec

from turnout.errors import ControlError

from .control import Control
from .status import STATUS

_DEADLINE_MS: Final = 100.0


class ControlState(msgspec.Struct, frozen=True, kw_only=True):
    """``started`` is a Unix time in seconds. Without an answer, it and ``pid`` are None, and ``error`` says why."""

    ok: bool
    pid: int | None = None
    started: int | None = None
    error: str | None = None


async def control_state(control: Control) -> ControlState:
    """Asks the control process for its status. Takes at most 100 ms."""
    try:
        status = await control.ask(STATUS, None, deadline_ms=_DEADLINE_MS)
    except ControlError as error:
        return ControlState(ok=False, error=error.message)
    return ControlState(ok=True, pid=status.pid, started=status.started)
