"""What a key, a user, a team or a tier is allowed, as the file and the API write it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from .words import Name, Tag

_MOST_USD: Final = 9_000_000  # in picodollars it fits a BIGINT column

LIMIT_PATTERN: Final = (
    r"^([1-9][0-9]{0,14})( (requests?|tokens?))?/(([1-9][0-9]{0,6}) ?)?(s|seconds?|min|minutes?|h|hours?|d|days?)$"
)
"""Number, unit, number of times, time."""

LimitText = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=64,
        description="a limit such as 10/minute, 100000 tokens/minute, 5/10s or 1000/day",
        extra_json_schema={"pattern": LIMIT_PATTERN},
    ),
]
"""It is compared with its pattern by ``limit_findings``. In a union of a list or a mapping with a text that has a
``pattern``, msgspec 0.22 frees memory that isn't its own (``TypeNode_Free``), and the process dies at its end.
"""

LimitTexts = LimitText | list[LimitText]
OperationLimits = dict[str, LimitTexts]
"""By operation (``chat``), by a path that names its operation, or for ``all`` operations together."""

LONGEST_WINDOW: Final = 31 * 86_400
Window = Annotated[int, Meta(ge=1, le=LONGEST_WINDOW)]
"""Seconds."""

Usd = Annotated[float, Meta(ge=0, le=_MOST_USD)]


class PeriodBudgets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """US dollars in each calendar day or month (UTC), and in all."""

    daily: Usd | None = None
    monthly: Usd | None = None
    total: Usd | None = None


class BudgetSettings(PeriodBudgets, frozen=True):
    """``models`` have budgets of their own beside it, by name."""

    models: dict[Name, Usd | PeriodBudgets] = {}


IndexedName = Annotated[str, Meta(max_length=256)]  # a database index holds it, and takes no longer values
Expiry = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
        r"([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$",
        description="a date such as 2027-01-31, or a time with its zone such as 2027-01-31T18:00:00Z",
    ),
]
Tags = Annotated[list[Tag], Meta(max_length=32, description="a list of at most 32 words of lower-case letters")]
Metadata = Annotated[
    dict[Name, Annotated[str, Meta(max_length=1024, description="a text of at most 1,024 characters")]],
    Meta(max_length=64, description="a mapping of at most 64 texts"),
]


class AllowanceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``models`` are shell-style patterns, ``operations`` names or paths; empty: all.

    A number as ``budget_usd`` is the total. ``limits`` without an operation count all of them.
    """

    models: list[Name] = []
    operations: list[Name] = []
    limits: LimitTexts | OperationLimits | None = None
    budget_usd: Usd | BudgetSettings | None = None
    tags: Tags = []
    metadata: Metadata = {}


class UserSettings(AllowanceSettings, frozen=True):
    team: IndexedName = ""
