"""``python -m scripts.mutants [NUMBER] [--room ROOM] [--seed SEED]``: breaks so many lines, one at a time.

For each it runs the tests that call the function, then others of its room. It shows each change that no test notices:
the change does nothing, or a test is missing.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import Queue
from typing import NamedTuple, TypeVar

import pytest

from .calls import function_id
from .changes import Change, changes
from .copies import ROOT, Copy
from .measured import MeasuredFile, measure, measured, remainder, selection

T = TypeVar("T")
SOURCES = ROOT / "src"
_TESTS = "contract_tests"  # are tests themselves
_TABLES = "facts"  # a row quotes its source; a test of it would quote it once more
_REMAINDER = 3  # times as long as the selection
OUTCOMES = ("caught", "survived", "timeout")


class Mutant(NamedTuple):
    room: str
    path: Path
    change: Change

    @property
    def place(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.change.line}"

    def functions(self) -> frozenset[int]:
        """The functions whose calls run the change: its own, or all of its file if it is outside of functions."""
        name = str(self.path.relative_to(SOURCES))
        scopes = {self.change.scope} if self.change.scope else {c.scope for c in changes(self.path.read_bytes())}
        return frozenset(function_id(name, scope) for scope in scopes)

    def diff(self) -> str:
        """Indented, without its head."""
        before = self.path.read_bytes()
        after = self.change.applied(before)
        lines = difflib.unified_diff(before.decode().splitlines(), after.decode().splitlines(), n=1, lineterm="")
        return "\n".join(f"    {line}" for line in [*lines][2:])


def room_of(path: Path) -> str:
    inside = path.relative_to(SOURCES / "turnout").parts
    return inside[0] if len(inside) > 1 else "."


def picked(number: int, room: str | None, seed: int) -> list[Mutant]:
    """Mutants from each room, in proportion to the square root of its size, so that small rooms have some too.

    Tests that ship with Turnout have none, nor has a row of the facts about models.
    """
    chance = random.Random(seed)  # noqa: S311  # not secrecy
    lines: dict[str, dict[tuple[Path, int], list[Change]]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        name = room_of(path)
        for change in changes(path.read_bytes()) if room in (None, name) else ():
            if name != _TESTS and (name != _TABLES or change.scope):
                lines.setdefault(name, {}).setdefault((path, change.line), []).append(change)
    weights = {name: len(room_lines) ** 0.5 for name, room_lines in lines.items()}
    rooms = chance.sample([*weights], min(number, len(weights)))
    rest = chance.choices([*weights], [*weights.values()], k=number - len(rooms))
    return [
        Mutant(name, path, chance.choice(lines[name][path, line]))
        for name, share in sorted(Counter([*rooms, *rest]).items())
        for path, line in chance.sample([*lines[name]], min(share, len(lines[name])))
    ]


class Workshop:
    """Some copies of the checkout; each does one thing at a time."""

    def __init__(self, number: int) -> None:
        self._free: Queue[Copy] = Queue()
        self._workers = ThreadPoolExecutor(number)
        for at in range(number):
            self._free.put(Copy(at))

    def each(self, work: Callable[[Copy, T], str], items: Iterable[T]) -> None:
        """Does ``work`` with each item, and prints its result."""
        began, waiting = time.monotonic(), [self._workers.submit(self._do, work, item) for item in items]
        for done, ended in enumerate(as_completed(waiting), 1):
            print(f"[{done}/{len(waiting)}, {time.monotonic() - began:.0f} s] {ended.result()}", flush=True)

    def _do(self, work: Callable[[Copy, T], str], item: T) -> str:
        copy = self._free.get()
        try:
            return work(copy, item)
        finally:
            self._free.put(copy)


class Trial:
    """Tries mutants. ``counts`` are their outcomes by room."""

    def __init__(self, files: list[MeasuredFile], seconds: float) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._files = files
        self._seconds = seconds

    def of(self, copy: Copy, mutant: Mutant) -> str:
        """Tries one mutant, and returns its outcome as text."""
        near = self._files, mutant.functions(), mutant.room
        goes = selection(*near, self._seconds)
        goes.append(remainder(*near, _REMAINDER * self._seconds, goes))
        outcome = self._outcome(copy, mutant, goes)
        self.counts[mutant.room, outcome] += 1
        result = f"{outcome:8} {mutant.place}"
        if outcome == "caught":
            return f"{result} by {copy.first_failure()}"
        return f"{result}, {sum(map(len, goes))} tests\n{mutant.diff()}"

    def _outcome(self, copy: Copy, mutant: Mutant, goes: list[list[str]]) -> str:
        broken = copy.root / mutant.path.relative_to(ROOT)
        whole = broken.read_bytes()
        broken.write_bytes(mutant.change.applied(whole))
        try:
            for tests in filter(None, goes):
                code = copy.run_tests(tests, 60 + 5 * _REMAINDER * self._seconds)
                if code not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
                    return "timeout" if code is None else "caught"
        finally:
            broken.write_bytes(whole)
        return "survived"


def table(counts: Counter[tuple[str, str]]) -> str:
    rooms = sorted({room for room, _ in counts})
    rows = [[counts[room, outcome] for outcome in OUTCOMES] for room in rooms]
    total = [sum(column) for column in zip(*rows, strict=True)]
    cells: list[Sequence[object]] = [OUTCOMES, *rows, total]
    named = zip(("room", *rooms, "all"), cells, strict=True)
    return "\n".join("".join([f"{cell!s:>14}" for cell in (name, *row)]) for name, row in named)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts.mutants", description=__doc__)
    parser.add_argument("number", nargs="?", type=int, default=60)
    parser.add_argument("--room", help="a folder of src/turnout")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=120, help="of tests, at most, for each")
    parser.add_argument("--copies", type=int, default=min(4, os.cpu_count() or 1), help="that are worked on at once")
    chosen = parser.parse_args()
    mutants = picked(chosen.number, chosen.room, chosen.seed)
    print(f"{len(mutants)} mutants, seed {chosen.seed}", flush=True)
    workshop = Workshop(chosen.copies)
    trial = Trial(measured(lambda folders: workshop.each(measure, folders)), chosen.seconds)
    workshop.each(trial.of, mutants)
    print(f"\n{table(trial.counts)}")


if __name__ == "__main__":
    main()
