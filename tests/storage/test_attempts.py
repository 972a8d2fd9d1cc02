"""The attempts' table: it takes an attempt once, finds it by an index, and reports faults clearly."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from turnout.core import EndedAttempt, Extra, InnerUsage, PlannedStep, PlanRecord, Usage
from turnout.core.integers import LARGEST_INTEGER
from turnout.errors import StorageUnavailable
from turnout.storage.attempt_rows import COLUMNS, row_of
from turnout.storage.attempts import Attempts
from turnout.storage.bulk import ROWS_PER_STATEMENT, padded
from turnout.storage.tables import attempts

from .support import attempt, opened

INNER = InnerUsage("advisor", Usage(input=4, cached_input=1))
EXTRA = Extra(cache_write_1h=2, seconds=3, service_tier="flex", inner=(INNER,))


@pytest_asyncio.fixture
async def store(database_address: str) -> AsyncIterator[Attempts]:
    async with opened(database_address) as store:
        yield store


@pytest_asyncio.fixture
async def file(tmp_path: Path) -> Path:
    """A SQLite database."""
    path = tmp_path / "turnout.db"
    async with opened(f"sqlite+aiosqlite:///{path}"):
        return path


def test_the_columns_are_the_rows_values_in_the_same_order() -> None:
    """A statement's parameters are given by position."""
    assert tuple(column.name for column in attempts.columns) == COLUMNS
    assert len(row_of(attempt("r1"))) == len(row_of(EndedAttempt(attempt("r1").start, None))) == len(COLUMNS)


def test_a_statement_stays_below_the_parameters_that_sqlite_takes() -> None:
    assert ROWS_PER_STATEMENT * len(attempts.columns) <= 32_766


async def test_a_row_comes_back_as_it_was(store: Attempts) -> None:
    rows = [
        attempt("r1", 1, outcome="failed", status=0, error_code="x", error="a 'quoted' \u2603 error", stream=True),
        attempt("r1", 2, cost=LARGEST_INTEGER, first_token=7, usage=Usage(input=-LARGEST_INTEGER, source="estimated")),
        attempt("r1", 3, operation="image", changes=("resized",), usage=Usage(output=2, image_output=1)),
        EndedAttempt(attempt("r1", 4, continues=3, seam="restart").start, None),
        attempt("r1", 7, outcome="lost", usage=Usage(output=4, source="interrupted"), billing_rule="until_cancel"),
        attempt("r1", 6, usage=Usage(input=9, extra=EXTRA)),
        attempt("r1", 5, plan=PlanRecord((PlannedStep("a", "first", {"cost": 0.5}),), (PlannedStep("b", "open"),))),
    ]
    rows.sort(key=lambda attempt: attempt.start.number)
    assert await store.insert(rows) == 7
    assert sorted(await store.of_request("r1"), key=lambda attempt: attempt.start.number) == rows
    assert await store.of_request("r2") == []


def test_media_tokens_that_an_attempt_does_not_have_take_no_room() -> None:
    """Postgres keeps no bytes for NULL. The other counts are 0."""
    row = dict(zip(COLUMNS, row_of(attempt("r1", usage=Usage(input=3, image_input=2))), strict=True))
    assert [row[name] for name in ("input", "output", "image_input", "image_output", "audio_input")] == [
        3,
        0,
        2,
        None,
        None,
    ]


async def test_a_character_that_postgres_cannot_hold_loses_no_row(store: Attempts) -> None:
    odd = attempt("r1", error="a\0b", model="\0", user="\0", finish="\0", key_id="\0", deployment="\0", changes=("\0",))
    assert await store.insert([odd, attempt("r2")]) == 2
    (stored,) = await store.of_request("r1")
    assert stored.end is not None
    assert stored.end.error in ("a\0b", "a\ufffdb")


async def test_a_row_is_let_in_once_and_stays_as_it_was(store: Attempts) -> None:
    assert await store.insert([attempt("r1"), attempt("r1", outcome="lost"), attempt("r2")]) == 2
    assert await store.insert([attempt("r1", outcome="cut"), attempt("r3")]) == 1
    assert await store.of_request("r1") == [attempt("r1")]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 31, 33, 100, 511, 512, 513, 1700])
async def test_a_batch_of_any_size_goes_in_whole(store: Attempts, size: int) -> None:
    assert await store.insert([attempt(f"r{number}") for number in range(size)]) == size


def test_sizes_are_rounded_to_few() -> None:
    """For each size, SQLite prepares a statement, and the connection keeps it."""
    sizes = {len(padded([row_of(attempt("r1"))] * number)) for number in range(1, ROWS_PER_STATEMENT + 1)}
    assert len(sizes) <= 18
    assert max(sizes) == ROWS_PER_STATEMENT


async def test_a_batch_that_fails_leaves_nothing(store: Attempts) -> None:
    rows = [attempt(f"r{number}") for number in range(ROWS_PER_STATEMENT + 1)]
    with pytest.raises(StorageUnavailable, match=r'NOT NULL constraint failed|column "user" .* violates not-null'):
        await store.insert([*rows, attempt("bad", user=None)])
    assert await store.of_request("r0") == []


@pytest.mark.parametrize("bad", [{"user": None}, {"started": "private words"}], ids=["null", "type"])
async def test_a_fault_is_reported_without_the_rows(store: Attempts, bad: dict[str, object]) -> None:
    with pytest.raises(StorageUnavailable) as raised:
        await store.insert([attempt("r1", 1, error="private words", attempt_id=None, **bad)])
    assert "private words" not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_a_request_is_found_by_an_index(file: Path) -> None:
    query = select(attempts).where(attempts.c.request_id == "r1")
    statement = query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with sqlite3.connect(file) as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert plan == ["SEARCH attempts USING INDEX sqlite_autoindex_attempts_1 (request_id=?)"]


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("started > 5", "attempts_started (started>?)"),
        ("\"user\" = 'alice' AND started > 5", "attempts_user_started (user=? AND started>?)"),
        ("model = 'fast' AND started > 5", "attempts_model_started (model=? AND started>?)"),
    ],
    ids=["time", "user", "model"],
)
async def test_usage_is_found_by_an_index(file: Path, where: str, index: str) -> None:
    with sqlite3.connect(file) as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN SELECT cost FROM attempts WHERE {where}")]  # noqa: S608  # our own words
    assert plan == [f"SEARCH attempts USING INDEX {index}"]


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800"], ids=ascii)
async def test_any_text_may_be_looked_for(store: Attempts, text: str) -> None:
    assert await store.of_request(text) == []
