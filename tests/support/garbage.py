"""Checks that no object of Turnout is left for the cycle collector, because Turnout lets it run seldom."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def nothing_left_for_the_collector() -> Iterator[None]:
    """Insists that what the block lets go of is gone at once, its frames, its errors and all that they hold."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        uncollected = sorted({name for thing in gc.garbage if (name := _name_of_ours(thing))})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert uncollected == [], uncollected


def _name_of_ours(thing: object) -> str:
    """Empty for what is none of ours: a test's upstream runs in this process, too."""
    if isinstance(thing, FrameType):
        module = thing.f_globals.get("__name__", "")
        return f"frame {module}.{thing.f_code.co_qualname}" if module.startswith("turnout.") else ""
    kind = type(thing)
    return f"{kind.__module__}.{kind.__qualname__}" if kind.__module__.startswith("turnout.") else ""
