"""What a process asks the store of limits and budgets, and what it learns. As MessagePack, arrays in this order."""

from __future__ import annotations

import msgspec

from turnout.guard.holds import UNTOLD

NOT_REFUSED = -1
NEVER = -1


class Counter(msgspec.Struct, array_like=True):
    """One limit (``seconds`` > 0) or budget (0) of a question. Units are requests, tokens or picodollars.

    - ``held`` and ``settled``, of a budget: what the asker has of it now, and the ledger's sum. Both are absolute.
    - ``ahead``: so many units the asker would like to draw ahead.
    - ``debt``, of a limit: units that were spent beyond what was drawn. They count, whether there is room or not.
    - ``back``, of a limit: buckets, and units of them that were not spent.
    """

    id: str
    most: int
    seconds: int = 0
    held: int = 0
    settled: int = UNTOLD
    revision: int = 0
    ahead: int = 0
    debt: int = 0
    back: list[tuple[int, int]] = []  # msgspec copies it for each object


Draw = list[tuple[int, int]]
"""What one request needs: positions in ``counters``, and units. It gets all of it, or nothing."""


class Question(msgspec.Struct, array_like=True):
    """``number`` grows with each question of ``owner``."""

    owner: str
    number: int
    counters: list[Counter]
    draws: list[Draw]


class Drawn(msgspec.Struct, array_like=True):
    """``refused_by`` is a position in the draw; ``wait`` are microseconds until its limit has room, 0 for a budget."""

    refused_by: int = NOT_REFUSED
    wait: int = 0


class Level(msgspec.Struct, array_like=True):
    """A counter after the draws. ``taken`` is all that counts, ``settled`` and ``held`` (the asker's) are a budget's.

    A limit's draws were entered in ``bucket``, and ``extra`` units more, drawn ahead, in ``ahead_bucket``.
    """

    taken: int
    settled: int = 0
    held: int = 0
    extra: int = 0
    bucket: int = 0
    ahead_bucket: int = 0


class Answer(msgspec.Struct, array_like=True):
    """``life`` changes when the store has lost its memory. ``outdated``: nothing was done, a later question came first.

    ``drawn`` and ``levels`` are in the order of the question's draws and counters.
    """

    life: str
    outdated: bool
    drawn: list[Drawn]
    levels: list[Level]
