"""Which tests call which functions: measured once for each test file, and kept until that file changes."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import zip_longest
from pathlib import Path

import msgspec

from .calls import PAIR
from .copies import FOLDER, ROOT, Copy

_EACH = 0.01  # seconds that pytest itself takes for a test
_AT_ONCE = 8  # test files


class MeasuredTest(msgspec.Struct, frozen=True):
    name: str
    seconds: float
    calls: frozenset[int]


class MeasuredFile(msgspec.Struct, frozen=True):
    """The tests that passed, those that call least first. ``fixtures``: calls that any of the tests may need."""

    name: str
    tests: list[MeasuredTest]
    fixtures: frozenset[int]

    def covering(self, functions: frozenset[int]) -> list[MeasuredTest]:
        if functions & self.fixtures:
            return self.tests
        return [test for test in self.tests if functions & test.calls]


def measured(run: Callable[[Iterable[list[str]]], None]) -> list[MeasuredFile]:
    """All test files. ``run`` measures those without a measurement. It gets their names, some of a folder each time.

    A measurement before an interruption is kept.
    """
    paths = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if "live" not in path.parts]
    kept = {str(path.relative_to(ROOT)): _kept(path) for path in paths}
    folders: dict[Path, list[str]] = defaultdict(list)
    for name, place in kept.items():
        if not place.exists():
            folders[Path(name).parent].append(name)
    run(some[at : at + _AT_ONCE] for some in folders.values() for at in range(0, len(some), _AT_ONCE))
    return [msgspec.msgpack.decode(place.read_bytes(), type=MeasuredFile) for place in kept.values()]


def _kept(path: Path) -> Path:
    """The file with the measurement of a test file with these contents."""
    return FOLDER / "calls" / f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def measure(copy: Copy, names: list[str]) -> str:
    """Runs these test files, and keeps the measurement. Returns a text about it."""
    copy.record_calls(names)
    report = json.loads((copy.records / "tests.json").read_text())
    numbers, passed = report["numbers"], report["passed"]
    calls: dict[int, set[int]] = defaultdict(set)
    for record in copy.records.glob("*.calls"):
        for at, function in PAIR.iter_unpack(record.read_bytes()):
            calls[at].add(function)
    for name in names:
        tests = [
            MeasuredTest(test, seconds, frozenset(calls[numbers[test]]))
            for test, seconds in passed.items()
            if test.startswith(f"{name}::")
        ]
        tests.sort(key=lambda test: len(test.calls))
        kept = _kept(copy.root / name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(msgspec.msgpack.encode(MeasuredFile(name, tests, frozenset(calls[numbers.get(name, 0)]))))
    return f"measured {len(passed)} tests of {Path(names[0]).parent}"


def selection(files: list[MeasuredFile], functions: frozenset[int], room: str, seconds: float) -> list[list[str]]:
    """The tests that call one of ``functions``, as many as take about ``seconds``: names to be run in two goes.

    The first go has those of the room's own files, which notice most. In both, each file gives its most specific tests
    first. If no test is known to call the functions, as when one was renamed since, the room's own tests are run.
    """
    own = [file for file in files if f"/{room}/" in file.name]
    others = [file for file in files if file not in own]
    goes = [_chosen([file.covering(functions) for file in some], seconds / 2) for some in (own, others)]
    return goes if any(goes) else [_chosen([file.tests for file in own], seconds)]


def remainder(
    files: list[MeasuredFile], functions: frozenset[int], room: str, seconds: float, tried: list[list[str]]
) -> list[str]:
    """What a survivor meets besides, about ``seconds`` of it: more tests that call it, and all others of its room.

    Which functions a test calls doesn't tell on which lines and constants of theirs it depends.
    """
    done = {name for go in tried for name in go}
    near = [file.tests if f"/{room}/" in file.name else file.covering(functions) for file in files]
    return _chosen([[test for test in tests if test.name not in done] for tests in near], seconds)


def _chosen(tests: list[list[MeasuredTest]], seconds: float) -> list[str]:
    """The tests in rounds of one test of each file, then sorted by file, because fixtures belong to files."""
    chosen: set[str] = set()
    for one_of_each in zip_longest(*tests):
        for test in filter(None, one_of_each):
            if seconds > 0:
                seconds -= test.seconds + _EACH
                chosen.add(test.name)
    by_size = sorted(filter(None, tests), key=lambda some: len(some[0].calls))
    return [test.name for some in by_size for test in some if test.name in chosen]
