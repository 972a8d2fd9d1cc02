"""The list of requests: pages of bounded work, found by indexes; and requests that look the same."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from turnout.core import EndedAttempt, Usage
from turnout.storage import requests as module
from turnout.storage.attempts import Attempts
from turnout.storage.database import open_database
from turnout.storage.request_page import Place, Repeated, RequestFilter
from turnout.storage.requests import Requests, page_query

from .support import attempt

HOUR = 3_600_000_000


@pytest_asyncio.fixture
async def engine(database_address: str) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(database_address)
    yield engine
    await engine.dispose()


async def walk(engine: AsyncEngine, wanted: RequestFilter, limit: int) -> list[list[str]]:
    """The requests of each page."""
    pages: list[list[str]] = []
    after: Place | None = None
    while True:
        page = await Requests(engine).page(wanted, after, limit)
        pages.append(list(page.attempts))
        after = page.following
        if after is None:
            return pages


async def test_pages_hold_every_request_once_also_of_one_moment(engine: AsyncEngine) -> None:
    made = [attempt(f"r{number}", started=number // 4) for number in range(20)]
    again = [attempt("r3", 2, started=50), attempt("r9", 2, started=50)]
    await Attempts(engine).insert([*made, *again])
    pages = await walk(engine, RequestFilter(), 6)
    newest_first = sorted(made, key=lambda each: (each.start.started, each.start.request_id), reverse=True)
    assert [name for page in pages for name in page] == [each.start.request_id for each in newest_first]
    assert [len(page) for page in pages] == [6, 6, 6, 2]
    page = await Requests(engine).page(RequestFilter(), None, 50)
    assert sorted(each.start.number for each in page.attempts["r9"]) == [1, 2]


async def test_what_comes_meanwhile_moves_nothing(engine: AsyncEngine) -> None:
    await Attempts(engine).insert([attempt(f"r{number}", started=number) for number in range(4)])
    first = await Requests(engine).page(RequestFilter(), None, 2)
    await Attempts(engine).insert([attempt(f"new{number}", started=100 + number) for number in range(3)])
    second = await Requests(engine).page(RequestFilter(), first.following, 2)
    assert (list(first.attempts), list(second.attempts)) == (["r3", "r2"], ["r1", "r0"])


async def test_all_filters_are_about_one_attempt(engine: AsyncEngine) -> None:
    await Attempts(engine).insert(
        [
            attempt("r1", 1, deployment="a", outcome="failed"),
            attempt("r1", 2, deployment="b"),
            attempt("r2", 1, deployment="a", tags=('re"d_%', "x")),
            EndedAttempt(attempt("r3", 1, deployment="c").start, None),
        ]
    )
    found = {
        name: [request for page in await walk(engine, RequestFilter(only=only), 9) for request in page]
        for name, only in {
            "failed at a": {"deployment": "a", "outcome": "failed"},
            "failed at b": {"deployment": "b", "outcome": "failed"},
            "lost": {"outcome": "lost", "user": "alice", "model": "fast"},
            "tag": {"tag": 're"d_%'},
            "other tag": {"tag": "re"},
            "nobody's": {"user": "bob"},
        }.items()
    }
    assert found == {
        "failed at a": ["r1"],
        "failed at b": [],
        "lost": ["r3"],
        "tag": ["r2"],
        "other tag": [],
        "nobody's": [],
    }


async def test_a_filter_that_few_match_reads_a_bounded_part_and_goes_on_there(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOKED_AT", 5)
    made = [attempt(f"r{number:02}", started=number, outcome="cut" if number == 3 else "ok") for number in range(12)]
    await Attempts(engine).insert(made)
    assert await walk(engine, RequestFilter(only={"outcome": "cut"}), 4) == [[], ["r03"], []]


@pytest.mark.parametrize(
    ("only", "index"),
    [
        ({}, "attempts_started (started<?)"),
        ({"user": "alice", "outcome": "lost"}, "attempts_user_started (user=? AND started<?)"),
        ({"user": "alice", "session": "s1"}, "attempts_session_started (session=? AND started<?)"),
    ],
    ids=["all", "user", "session"],
)
async def test_a_page_is_found_by_an_index(tmp_path: Path, only: dict[str, str], index: str) -> None:
    file = tmp_path / "turnout.db"
    await (await open_database(f"sqlite+aiosqlite:///{file}")).dispose()
    query = page_query(RequestFilter(only=only, end=10**16), None)
    statement = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with sqlite3.connect(file) as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert f"SEARCH attempts USING INDEX {index}" in plan


async def test_requests_with_as_many_tokens_of_one_key_look_the_same(engine: AsyncEngine) -> None:
    def asked(name: str, number: int, tokens: int, cost: int, key: str = "k1") -> list[EndedAttempt]:
        fields: dict[str, Any] = {"key_id": key, "started": HOUR, "cost": cost, "usage": Usage(input=tokens)}
        return [attempt(f"{name}{count}", **fields) for count in range(number)]

    cheap, dear = asked("cheap", 12, 800, 5), asked("dear", 10, 900, 3 * 10**9 + 1, "k2")
    await Attempts(engine).insert([*cheap, *dear, *asked("few", 9, 700, 5), *asked("short", 20, 499, 5)])
    assert await Requests(engine).repeated(1, 2, {}) == [
        Repeated("k2", "fast", "chat", 900, 10, 10 * (3 * 10**9 + 1)),
        Repeated("k1", "fast", "chat", 800, 12, 60),
    ]
    assert [each.key_id for each in await Requests(engine).repeated(1, 2, {"key_id": "k1"})] == ["k1"]
    assert await Requests(engine).repeated(2, 3, {}) == []
