"""The tables of the cubes, as statements use them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, text

from turnout.storage.texts import StorableText

from .dimensions import BUDGETED, CUBES, LATENCIES, MEASURES, PLAIN, Cube


class CubeTables(NamedTuple):
    """``groups`` may be other cubes', too. ``hours`` and ``days`` hold cells; ``days`` is None for a cube without it.

    Hours and days are counted from the start of Unix time, in UTC.
    """

    groups: Table
    hours: Table
    days: Table | None

    @property
    def cells(self) -> tuple[Table, ...]:
        return (self.hours,) if self.days is None else (self.hours, self.days)


def make_tables(metadata: MetaData) -> dict[Cube, CubeTables]:
    shared, of_latencies = _groups(PLAIN, metadata), _groups(LATENCIES, metadata)
    return {cube: _tables(cube, of_latencies if cube.latency else shared, metadata) for cube in CUBES}


def _groups(cube: Cube, metadata: MetaData) -> Table:
    indexes = [] if cube.latency else [Index(f"{cube.name}_groups_{name}", name) for name in BUDGETED]
    return Table(
        f"{cube.name}_groups",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        *[Column(name, StorableText, nullable=False, server_default=text("''")) for name in cube.dimensions],
        *indexes,
    )


def _tables(cube: Cube, groups: Table, metadata: MetaData) -> CubeTables:
    days = _cells(cube, "day", metadata) if cube.by_day else None
    return CubeTables(groups, _cells(cube, "hour", metadata), days)


def _cells(cube: Cube, span: str, metadata: MetaData) -> Table:
    name = f"{cube.name}_{span}s"
    key: list[Column[Any]] = [Column(span, Integer), Column("group_id", BigInteger)]
    if cube.latency:
        key += [Column("timing", StorableText), Column("bucket", Integer)]
    elif cube.extra:
        key.append(Column(cube.extra, StorableText))
    indexes = [Index(f"{name}_group", "group_id", span)]
    if cube.extra:
        indexes.append(Index(f"{name}_{cube.extra}", cube.extra, span))
    measures = ("count",) if cube.latency else MEASURES
    return Table(
        name,
        metadata,
        *key,
        *[Column(measure, BigInteger, nullable=False, server_default="0") for measure in measures],
        PrimaryKeyConstraint(*[column.name for column in key]),
        *indexes,
    )
