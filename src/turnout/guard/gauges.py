"""The counters that a request needs room in. A gauge says what is counted, and how much is allowed."""

from __future__ import annotations

from typing import Literal

import msgspec

from turnout.core import Period

GaugeUnit = Literal["requests", "tokens", "usd"]

Scope = Literal["all", "key", "user", "team", "tier", "model"]
"""Whose the allowance is. Those of ``all`` and of a ``tier`` are counted for each key by itself."""


class Gauge(msgspec.Struct, frozen=True, gc=False):
    """At most ``most`` in any ``seconds`` (a limit), or in each ``period`` (a budget).

    ``id`` says whose it is and what it counts, and stays the same from start to start:
    ``limit/key/KEYID/chat/requests/60``, ``budget/team/blue/monthly``. ``most`` is in picodollars where ``unit`` is
    ``usd``. ``says`` is for people: ``10 chat requests a minute for the key 'batch'``.

    ``name`` is that of the user, team, tier or model. ``key_id``: only this key's requests count. ``operation`` and
    ``model``: only such requests count. Each is empty where it doesn't matter.
    """

    id: str
    unit: GaugeUnit
    most: int
    seconds: int = 0
    period: Period | None = None
    says: str = ""
    scope: Scope = "all"
    name: str = ""
    key_id: str = ""
    operation: str = ""
    model: str = ""
