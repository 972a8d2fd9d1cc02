"""What a key may do and what counts its requests, as a record for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from turnout.core import OPERATIONS, Key, Period, usd

from .allowances import Standing
from .gauges import Gauge, GaugeUnit, Scope
from .policy import Book, gauges_of_model, key_policy, may_use, team_of

NO_STANDINGS: Final[Mapping[str, Standing]] = MappingProxyType({})


class GaugeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A gauge, and how full it is now. Amounts of ``usd`` are decimal texts.

    ``used`` and ``reserved`` are None while nobody has asked the counter. ``resets`` is a Unix time in seconds: when
    there is room again, or when the period ends.
    """

    id: str
    scope: Scope
    says: str
    unit: GaugeUnit
    most: int | str
    seconds: int | None
    period: Period | None
    operation: str | None
    model: str | None
    used: int | str | None = None
    reserved: int | str | None = None
    resets: float | None = None


class AllowedModels(msgspec.Struct, frozen=True):
    """``patterns`` of the key, or of its user, team or tier. A model has to fit one of each."""

    scope: Scope
    name: str
    patterns: tuple[str, ...]


class PolicyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``models`` is empty where all are allowed; ``operations`` has all that are. ``expires`` is in Unix seconds."""

    key: str
    user: str
    team: str
    tier: str
    admin: bool
    auditor: bool
    expires: int | None
    models: tuple[AllowedModels, ...]
    operations: tuple[str, ...]
    gauges: tuple[GaugeRecord, ...]


def gauges_in_policy(key: Key, book: Book) -> list[Gauge]:
    """Every gauge that some request of the key needs room in, those of the models that it may use, too."""
    gauges = list(key_policy(key, book)[2])
    for model in book.rules.models:
        if may_use(key, model, book):
            gauges += gauges_of_model(model, book)
    return gauges


def policy_of(key: Key, book: Book, standings: Mapping[str, Standing] = NO_STANDINGS) -> PolicyRecord:
    """``standings`` of its gauges, by their ids, as far as they are known."""
    _, holdings, _ = key_policy(key, book)
    models = [
        AllowedModels(owner.scope, owner.name, allowance.models) for owner, allowance in holdings if allowance.models
    ]
    allowed = [allowance.operations for _, allowance in holdings if allowance.operations]
    return PolicyRecord(
        key=key.id,
        user=key.user,
        team=team_of(key, book.rules),
        tier=key.tier,
        admin=key.admin,
        auditor=key.auditor,
        expires=key.expires,
        models=tuple(models),
        operations=tuple(sorted(OPERATIONS.intersection(*allowed))),
        gauges=tuple([_record(gauge, standings.get(gauge.id)) for gauge in gauges_in_policy(key, book)]),
    )


def _record(gauge: Gauge, standing: Standing | None) -> GaugeRecord:
    def amount(units: int) -> int | str:
        return usd(max(units, 0)) if gauge.unit == "usd" else units

    return GaugeRecord(
        id=gauge.id,
        scope=gauge.scope,
        says=gauge.says,
        unit=gauge.unit,
        most=amount(gauge.most),
        seconds=gauge.seconds or None,
        period=gauge.period,
        operation=gauge.operation or None,
        model=gauge.model or None,
        used=None if standing is None else amount(standing.used),
        reserved=None if standing is None else amount(standing.reserved),
        resets=None if standing is None else standing.resets,
    )
