"""What budgets ask the sums, as plain values."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Spender = Literal["key_id", "user", "team"]

_DAY: Final = 86_400


class Spending(NamedTuple):
    """The cost of attempts on the days from ``first`` to before ``end`` (Unix days, in UTC; None: it never ends).

    Only those of one ``spender``, whose ``name`` is that of the key, user or team; None: anybody's. Only those that
    asked for ``model``, by its own name or by an alias; empty: for any.
    """

    spender: Spender | None
    name: str
    model: str
    first: int
    end: int | None


class Spent(NamedTuple):
    """Costs in picodollars, in the order of what was asked. Costs of one ``revision`` only grow.

    Costs of days that are closed stay the same while ``revision`` and ``closed`` do.
    """

    costs: tuple[int, ...]
    revision: int
    closed: int = 0


def first_open_day(now: float) -> int:
    """Days before it (Unix days) are closed, by a clock that says ``now`` (Unix time).

    Two days pass first, so that hardly anything is added to a closed day: what runs over midnight isn't.
    """
    return int(now // _DAY) - 2
