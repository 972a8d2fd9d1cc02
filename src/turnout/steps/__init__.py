"""What happens to a call before the engine, step by step.

A step is called with a ``Call`` and returns it, or a changed copy of it. To refuse it, a step raises a
``TurnoutError``, which the client gets in its own dialect. ``gateway.py`` puts the row together; the server and the
library both pass it.
To add a step, write a file here and add a line to the row.
"""

from __future__ import annotations

from typing import Protocol

from turnout.engine import Call

from .allowed_model import AllowedModel
from .continued import Continued
from .default_model import DefaultModel, find_default_model
from .within_limits import WithinLimits


class Step(Protocol):
    async def __call__(self, call: Call) -> Call: ...


__all__ = ["AllowedModel", "Continued", "DefaultModel", "Step", "WithinLimits", "find_default_model"]
