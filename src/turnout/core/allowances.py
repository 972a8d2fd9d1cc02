"""What a key, a user, a team, a tier or a model is allowed: models, operations, limits and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

LimitUnit = Literal["requests", "tokens"]

Period = Literal["daily", "monthly", "total"]
"""A calendar day or month in UTC, or all time."""


class Limit(msgspec.Struct, frozen=True):
    """At most ``most`` in any ``seconds``. ``operation``: only requests of that kind count; empty: all do."""

    unit: LimitUnit
    most: int
    seconds: int
    operation: str = ""


class Budget(msgspec.Struct, frozen=True):
    """At most ``most`` picodollars in each ``period``. ``model``: only its requests count; empty: all do."""

    most: int
    period: Period
    model: str = ""


class CountedLimit(NamedTuple):
    """A limit that held for a request. ``name`` is the id of its gauge (``turnout.guard``)."""

    name: str
    unit: LimitUnit
    most: int
    seconds: int


class LimitLevel(msgspec.Struct, frozen=True, gc=False):
    """How many units are left of a limit, as far as this process knows."""

    limit: CountedLimit
    remaining: int


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """``models`` are shell-style patterns, ``operations`` are names (``chat``). Where one is empty, all are allowed."""

    models: tuple[str, ...] = ()
    operations: frozenset[str] = frozenset()
    limits: tuple[Limit, ...] = ()
    budgets: tuple[Budget, ...] = ()


UNLIMITED = Allowance()
"""Everything is allowed, and nothing is counted."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a user, a team or a tier. ``team`` is a user's. ``tags`` and ``metadata`` are notes."""

    allowance: Allowance = UNLIMITED
    team: str = ""
    tags: frozenset[str] = frozenset()
    metadata: dict[str, str] = {}


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds beside the keys' own allowances.

    ``limits`` hold for each key by itself, and so do the limits and budgets of ``tiers``. Those of ``users``, ``teams``
    and ``models`` hold for all keys of the user, of the team or that ask for the model together.
    """

    limits: tuple[Limit, ...] = ()
    users: Mapping[str, Account] = {}
    teams: Mapping[str, Account] = {}
    tiers: Mapping[str, Account] = {}
    models: Mapping[str, Allowance] = {}


NO_RULES = Rules()
