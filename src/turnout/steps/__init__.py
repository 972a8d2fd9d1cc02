"""What happens to a call before the engine, step by step.

A step is called with a ``Call`` and returns it, or a changed copy of it. A step that has to wait for something returns
an awaitable of that, and only then: a coroutine that waits for nothing costs every request. To refuse a call, a step
raises a ``TurnoutError``, which the client gets in its own dialect. ``gateway.py`` puts the row together; the server
and the library both pass it.
To add a step, write a file here and add it to that row.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from turnout.engine import Call


class Step(Protocol):
    def __call__(self, call: Call) -> Call | Awaitable[Call]: ...
