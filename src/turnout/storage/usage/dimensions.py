"""Dimensions, measures, and the cubes of both. A dimension is one name here, and a column in a migration."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, get_args

import msgspec

from turnout.core import Outcome
from turnout.core.usage import COUNTS, EXTRA_COUNTS

Dimensions = tuple[str, ...]
"""The values of a group, one for each dimension of its cube. Empty: the attempt has none."""

SHARED: Final = ("user", "key_id", "model", "provider", "deployment", "agent", "operation", "team", "alias_of")
"""Columns of ``attempts`` with few values. Sessions and tags have many, so each has a cube of its own."""

BUDGETED: Final = ("key_id", "user", "team", "model", "alias_of")
"""What budgets are of: groups are found by each of them."""

LONGEST: Final = 256
"""Characters that are kept of a dimension's value. Clients choose some of them."""


class Cube(NamedTuple):
    """Cells by hour, and the groups that they are of. ``by_day``: also cells by day, for long periods.

    ``extra`` is a dimension that its cells have beside their group's: one with many values, which would make groups of
    its own for each. ``latency`` cubes count durations instead of summing measures.
    """

    name: str
    dimensions: tuple[str, ...]
    extra: str = ""
    by_day: bool = True
    latency: bool = False


PLAIN: Final = Cube("usage", SHARED)
SESSIONS: Final = Cube("session_usage", SHARED, "session", by_day=False)
TAGS: Final = Cube("tag_usage", SHARED, "tag")
LATENCIES: Final = Cube("latency", ("model", "provider", "deployment", "operation"), latency=True)
CUBES: Final = (PLAIN, SESSIONS, TAGS, LATENCIES)

OUTCOMES: Final[tuple[str, ...]] = get_args(Outcome)
FAULTS: Final = ("client", "turnout", "provider")
PIECES: Final = ("web_searches", "file_searches", "code_executions", "images", "seconds", "characters")
"""The counts of ``Usage`` that aren't tokens."""

TOKENS: Final = tuple(name for name in (*COUNTS, *EXTRA_COUNTS) if name not in PIECES)

MEASURES: Final = (
    "requests",
    "attempts",
    *OUTCOMES,
    *(f"fault_{fault}" for fault in FAULTS),
    *TOKENS,
    *PIECES,
    "estimated",
    "unmetered",
    "unpriced",
    "unpriced_tokens",
    "cost_high",
    "cost_low",
    "saved_high",
    "saved_low",
)
"""``requests`` are first attempts. An attempt is ``unmetered`` if its tokens aren't known, and ``unpriced`` if they are
known and their price isn't. A cost is ``cost_high`` * 10⁹ + ``cost_low`` picodollars: so no sum overflows 64 bits.
What kept answers have saved is kept alike.
"""

COST_UNIT: Final = 10**9
"""Picodollars of one ``cost_high``."""

Timing = Literal["first_token", "total"]
"""What a latency is of: the time to the first token of a stream, or the whole time of an attempt that answered."""


def group_id(cube: Cube, values: Dimensions) -> int:
    """63 bits of a hash, so that every process names a group alike without asking. A million groups have two of one
    name with a chance of 1 in 10 million.

    A dimension without a value doesn't count: one that comes later leaves the names as they are.
    """
    named = [(name, value) for name, value in zip(cube.dimensions, values, strict=True) if value]
    digest = blake2b(msgspec.json.encode(named), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def fault_of(at_fault: str | None, outcome: str) -> str | None:
    """Who was at fault; None if nobody was.

    Attempts of older versions, and those of a process that died, don't say it themselves.
    """
    return at_fault or _FAULTS.get(outcome)


_FAULTS: Final[Mapping[str, str]] = {
    "failed": "provider",
    "cut": "provider",
    "client_gone": "client",
    "drained": "turnout",
    "lost": "turnout",
}
