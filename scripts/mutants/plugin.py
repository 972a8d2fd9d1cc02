"""A plug-in of pytest: it announces the running test, or runs a selection of tests in its order."""

from __future__ import annotations

import json
import mmap
from collections.abc import Generator

import pytest

from .calls import NOW, RECORDS

SELECTION = RECORDS.with_name("selection")


def pytest_configure(config: pytest.Config) -> None:
    if NOW.exists():
        config.pluginmanager.register(_Announcer())
    else:
        config.pluginmanager.register(_Selector(SELECTION.read_text().splitlines()))


class _Selector:
    def __init__(self, names: list[str]) -> None:
        self._rank = {name: rank for rank, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self._rank]
        items[:] = sorted(chosen, key=lambda item: self._rank[item.nodeid])


class _Announcer:
    """Each test has its own number. Calls of fixtures have their file's number, as all its tests may need them."""

    def __init__(self) -> None:
        with NOW.open("r+b") as file:
            self._now = memoryview(mmap.mmap(file.fileno(), 4)).cast("I")
        self._numbers: dict[str, int] = {}
        self._passed: dict[str, float] = {}  # seconds

    def _announce(self, name: str) -> None:
        self._now[0] = self._numbers.setdefault(name, len(self._numbers) + 1)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._announce(item.location[0])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        self._announce(item.nodeid)
        try:
            return (yield)
        finally:
            self._announce(item.location[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed[report.nodeid] = report.duration

    def pytest_sessionfinish(self) -> None:
        (RECORDS / "tests.json").write_text(json.dumps({"numbers": self._numbers, "passed": self._passed}))
