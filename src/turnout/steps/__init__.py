"""What happens to a call before the engine, step by step.

A step is called with a ``Call`` and returns it, or a changed copy of it. To refuse it, a step raises a
``TurnoutError``, which the client gets in its own dialect. ``gateway.py`` puts the row together; the server and the
library both pass it.
To add a step, write a file here and add it to that row.
"""

from __future__ import annotations

from typing import Protocol

from turnout.engine import Call


class Step(Protocol):
    async def __call__(self, call: Call) -> Call: ...
