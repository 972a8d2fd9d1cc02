"""Compares what a provider billed with what was recorded, by day, model and key."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import msgspec
import typer

from turnout.cli.tables import console_for_tables, new_table
from turnout.core import usd
from turnout.errors import ConfigError
from turnout.storage import LazyDatabase, UseRow

from .books import run
from .exports import BilledLine, read_export

Keys = Mapping[str, str]
"""Of a provider's keys, by name or id: a shell-style pattern of the deployments that use it."""

COLUMNS: Final = (
    *("day", "model", "key", "billed_input", "recorded_input", "billed_output", "recorded_output"),
    *("billed_cost_usd", "recorded_cost_usd"),
)
_EPOCH: Final = date(1970, 1, 1)
_DATE: Final = re.compile(r"-(20\d{6}|20\d\d-\d\d-\d\d|latest)$")


class Compared(msgspec.Struct):
    """``billed`` figures are None where no file tells them. Costs are in picodollars."""

    model: str = ""
    billed_input: int | None = None
    billed_output: int | None = None
    billed_cost: int | None = None
    input: int = 0
    output: int = 0
    cost: int = 0

    def bill(self, line: BilledLine) -> None:
        self.billed_input = _sum(self.billed_input, line.input)
        self.billed_output = _sum(self.billed_output, line.output)
        self.billed_cost = _sum(self.billed_cost, line.cost)

    def record(self, row: UseRow) -> None:
        self.input += row.input
        self.output += row.output
        self.cost += row.cost


Place = tuple[date, tuple[str, ...], str]
"""A day, a model's ``alike``, and a key."""


def reconciled(config: Path | None, data_dir: str | None, files: Sequence[Path], keys: Keys) -> dict[Place, Compared]:
    """All days of the files. Without ``keys``, all keys count together. Raises ``TurnoutError``."""
    exports = [read_export(path) for path in files]
    providers = {export.provider for export in exports}
    if len(providers) > 1:
        raise ConfigError("These are files of several providers. Reconcile each provider by itself.")
    lines = [line for export in exports for line in export.lines]
    if not lines:
        raise ConfigError("There is nothing in these files to compare.")
    days = [line.day for line in lines]
    (provider,) = providers
    recorded = run(config, data_dir, lambda database: _recorded(database, provider, min(days), max(days)))
    return compare(lines, recorded, keys)


def compare(
    lines: Sequence[BilledLine], recorded: Mapping[date, Sequence[UseRow]], keys: Keys
) -> dict[Place, Compared]:
    """A model counts as itself where every line names one, else all models of a day count together."""
    by_model = all(line.model for line in lines)
    compared: dict[Place, Compared] = {}

    def at(day: date, model: str, key: str) -> Compared:
        place = (day, alike(model) if by_model else (), key)
        return compared.setdefault(place, Compared(model if by_model else ""))

    for line in lines:
        if (key := _billed_key(line, keys)) is not None:
            at(line.day, line.model, key).bill(line)
    for day, rows in recorded.items():
        for row in rows:
            if (key := _recorded_key(row, keys)) is not None:
                at(day, row.upstream_model, key).record(row)
    return dict(sorted(compared.items(), key=lambda item: (item[0][0], item[1].model, item[0][2])))


def alike(model: str) -> tuple[str, ...]:
    """The same for the names of one model: ``claude-haiku-4-5-20251001`` and "Claude Haiku 4.5", without their dates.

    Words in any order, and then the numbers in theirs: "Claude Sonnet 3.5" is ``claude-3-5-sonnet``.
    """
    parts = re.split(r"[-\s._/]+", _DATE.sub("", model.strip().lower()))
    return (*sorted(part for part in parts if not part.isdigit()), *[part for part in parts if part.isdigit()])


def print_table(compared: Mapping[Place, Compared], *, with_keys: bool) -> None:
    right = ("Input billed", "Recorded", "Output billed", "Recorded", "Cost billed", "Recorded", "Difference")
    table = new_table("Day", "Model", *(("Key",) if with_keys else ()), right=right)
    for (day, _, key), each in compared.items():
        table.add_row(f"{day}", each.model or "all", *((key,) if with_keys else ()), *_cells(each))
    table.add_row("Together", "", *(("",) if with_keys else ()), *_cells(_together(compared.values())))
    console_for_tables().print(table)


def print_csv(compared: Mapping[Place, Compared]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for (day, _, key), each in compared.items():
        tokens = (each.billed_input, each.input, each.billed_output, each.output)
        billed = None if each.billed_cost is None else _usd(each.billed_cost)
        writer.writerow((day, each.model, key, *tokens, billed, _usd(each.cost)))


async def _recorded(database: LazyDatabase, provider: str, first: date, last: date) -> dict[date, list[UseRow]]:
    """One day a statement: each is short, however many attempts there are."""
    use = await database.recorded_use()
    numbers = range((first - _EPOCH).days, (last - _EPOCH).days + 1)
    return {date.fromordinal(_EPOCH.toordinal() + day): await use.of_day(provider, day) for day in numbers}


def _billed_key(line: BilledLine, keys: Keys) -> str | None:
    """None for a line of another key."""
    return next((name for name in keys if name in line.keys), None) if keys else ""


def _recorded_key(row: UseRow, keys: Keys) -> str | None:
    if not keys:
        return ""
    return next((name for name, pattern in keys.items() if fnmatchcase(row.deployment, pattern)), None)


def _together(rows: Iterable[Compared]) -> Compared:
    total = Compared()
    for each in rows:
        total.bill(BilledLine(_EPOCH, "", frozenset(), each.billed_input, each.billed_output, each.billed_cost))
        total.record(UseRow("", "", each.input, each.output, each.cost))
    return total


def _cells(each: Compared) -> tuple[str, ...]:
    """The difference is that of the cost, else that of the tokens, as a share of what was billed."""
    if each.billed_cost is not None:
        difference = _share(each.cost, each.billed_cost)
    else:
        difference = _share(each.input + each.output, (each.billed_input or 0) + (each.billed_output or 0))
    return (
        _count(each.billed_input),
        _count(each.input),
        _count(each.billed_output),
        _count(each.output),
        "-" if each.billed_cost is None else f"${_usd(each.billed_cost)}",
        f"${_usd(each.cost)}",
        difference,
    )


def _share(recorded: int, billed: int) -> str:
    if not billed:
        return "same" if not recorded else "not billed"
    return "same" if recorded == billed else f"{(recorded - billed) / billed:+.2%}"


def _count(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _usd(picodollars: int) -> str:
    return f"-{usd(-picodollars)}" if picodollars < 0 else usd(picodollars)  # a credit


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


def keys_of(words: Sequence[str]) -> Keys:
    """``NAME`` or ``NAME=PATTERN``. Raises ``typer.BadParameter``."""
    keys: dict[str, str] = {}
    for word in words:
        name, _, pattern = word.partition("=")
        if not name or name in keys:
            raise typer.BadParameter(f"'{word}' is not NAME or NAME=PATTERN, once for each name.", param_hint="--key")
        keys[name] = pattern or "*"
    return keys
