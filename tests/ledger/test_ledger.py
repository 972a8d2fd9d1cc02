"""The ledger as the service uses it, with its real database."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from turnout.core import Extra, InnerUsage, PlannedStep, PlanRecord, Usage
from turnout.errors import ConfigError, StorageUnavailable, Unrecorded
from turnout.ledger import Ledger
from turnout.ledger.ledger import _find_ended
from turnout.storage import LazyDatabase

from .support import end, outcomes, start, until


@pytest_asyncio.fixture
async def ledger(tmp_path: Path, database_address: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(tmp_path, LazyDatabase(tmp_path, database_address))
    yield opened
    await opened.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_record_has_every_field(ledger: Ledger) -> None:
    asked: dict[str, Any] = {"session": "s1", "agent": "codex", "end_user": "bob", "tags": ("blue", "night")}
    asked |= {"input_estimate": 1100, "cost_estimate": 165_000_000, "team": "research", "alias_of": "gpt"}
    ledger.begin(start("r1", started=1_764_000_000_000_000, **asked))
    steps = PlannedStep("fast/openai/0", "about $0.1", {"cost": 0.1}), PlannedStep("fast/azure/0", "open")
    ledger.end(
        end("r1", plan=PlanRecord(steps, (PlannedStep("fast/x", "it has no tag eu"),)), billing_rule="report", saved=5)
    )
    record = await ledger.request("r1")
    assert record is not None
    assert msgspec.json.decode(msgspec.json.encode(record)) == {
        "request_id": "r1",
        "cost": 421_650_000,
        "cost_usd": "0.00042165",
        "unpriced": False,
        "plan": {
            "candidates": [
                {"deployment": "fast/openai/0", "reason": "about $0.1", "scores": {"cost": 0.1}},
                {"deployment": "fast/azure/0", "reason": "open", "scores": {}},
            ],
            "dropped": [{"deployment": "fast/x", "reason": "it has no tag eu"}],
        },
        "attempts": [
            {
                "attempt_id": "r1-1",
                "number": 1,
                "started": 1_764_000_000_000_000,
                "dialect": "openai_chat",
                "key_id": "key_1",
                "user": "alice",
                "model": "fast",
                "deployment": "fast/openai/0",
                "provider": "openai",
                "upstream_model": "gpt-4o-mini",
                "stream": True,
                "continues": None,
                "seam": None,
                "session": "s1",
                "agent": "codex",
                "end_user": "bob",
                "tags": ["blue", "night"],
                "input_estimate": 1100,
                "cost_estimate": 165_000_000,
                "team": "research",
                "alias_of": "gpt",
                "outcome": "ok",
                "status": 200,
                "queue": 12,
                "first_token": 152_340,
                "total": 1_523_400,
                "usage": {
                    "input": 1203,
                    "output": 402,
                    "cached_input": 1024,
                    "cache_write": 5,
                    "reasoning": 12,
                    "audio_input": 0,
                    "audio_output": 0,
                    "image_input": 0,
                    "image_output": 0,
                    "source": "reported",
                },
                "cost": 421_650_000,
                "cost_usd": "0.00042165",
                "unpriced": False,
                "price_version": "book-7",
                "finish": "stop",
                "error_code": None,
                "error": None,
                "operation": "chat",
                "changes": [],
                "at_fault": None,
                "billing_rule": "report",
                "saved": 5,
                "saved_usd": "0.000000000005",
            }
        ],
    }


async def test_it_tells_the_same_from_memory_from_the_journal_and_from_the_database(ledger: Ledger) -> None:
    ledger.begin(start("r1"))
    running = await ledger.request("r1")
    assert running is not None
    assert (running.attempts[0]["outcome"], running.attempts[0]["user"], running.cost) == (None, "alice", None)
    ledger.end(end("r1", usage=Usage(input=1, output=2, source="estimated")))
    journalled = await ledger.request("r1")
    await until(lambda: ledger.state().settled == 1)
    settled = await ledger.request("r1")
    assert journalled == settled
    assert settled is not None
    common = dict.fromkeys(("cached_input", "cache_write", "reasoning"), 0)
    media = dict.fromkeys(("audio_input", "audio_output", "image_input", "image_output"), 0)
    assert settled.attempts[0]["usage"] == {"input": 1, "output": 2, "source": "estimated"} | common | media


async def test_what_has_no_price_is_told_as_such_with_its_tokens(ledger: Ledger) -> None:
    used = Usage(input=1)
    for number, (usage, cost) in enumerate(((used, 5), (used, None), (None, None)), start=1):
        ledger.begin(start("r1", number))
        ledger.end(end("r1", number, usage=usage, cost=cost))
    record = await ledger.request("r1")
    assert record is not None
    assert [attempt["unpriced"] for attempt in record.attempts] == [False, True, False]
    assert (record.unpriced, record.cost) == (True, 5)
    assert record.attempts[1]["usage"]["input"] == 1


async def test_it_tells_what_is_rarely_used(ledger: Ledger) -> None:
    inner = InnerUsage("advisor", Usage(input=1))
    extra = Extra(cache_write_1h=2, web_searches=1, service_tier="flex", region="us", inner=(inner,))
    ledger.begin(start("r1"))
    ledger.end(end("r1", usage=Usage(input=3, extra=extra)))
    journalled = await ledger.request("r1")
    await until(lambda: ledger.state().settled == 1)
    settled = await ledger.request("r1")
    assert journalled == settled is not None
    told = settled.attempts[0]["usage"]
    rare = {"cache_write_1h": 2, "web_searches": 1, "service_tier": "flex", "region": "us"}
    assert rare.items() <= told.items()
    assert list(told["inner"]) == [{"model": "advisor", "usage": {"input": 1}}]
    assert "video_input" not in told


async def test_all_attempts_of_a_request_are_found_wherever_they_are(ledger: Ledger) -> None:
    ledger.begin(start("r1", 1))
    ledger.end(
        end("r1", 1, "failed", usage=None, cost=None, error_code="upstream_timeout", error="too slow", status=504)
    )
    await until(lambda: ledger.state().settled == 1)
    ledger.begin(start("r1", 2))
    ledger.end(end("r1", 2, "cut", cost=5))
    ledger.begin(start("r1", 3))
    ledger.begin(start("r10"))
    record = await ledger.request("r1")
    assert record is not None
    assert [(a["number"], a["outcome"], a["cost_usd"]) for a in record.attempts] == [
        (1, "failed", None),
        (2, "cut", "0.000000000005"),
        (3, None, None),
    ]
    assert (record.attempts[0]["usage"], record.attempts[0]["error"]) == (None, "too slow")
    assert record.cost == 5


async def test_a_request_that_never_was_is_none_at_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    await ledger.request("warm up")

    async def never(*_: object) -> None:
        raise AssertionError("it waited")

    monkeypatch.setattr(asyncio, "sleep", never)
    ledger.begin(start("r1"))
    for request_id in ("never", "", "r", "a\0b", "\ud800", "x" * 100_000):
        assert await ledger.request(request_id) is None


async def test_a_name_inside_another_is_not_found_for_it(ledger: Ledger) -> None:
    ledger.begin(start("r12"))
    ledger.begin(start("r1", user="r2"))
    ledger.end(end("r1"))
    assert await ledger.request("r2") is None
    assert await ledger.request('r1","r1') is None


async def test_closing_settles_everything_and_leaves_nothing_open(tmp_path: Path) -> None:
    """Neither a journal nor SQLite's files for an open database."""
    ledger = await Ledger.open(tmp_path)
    for number in range(1500):
        ledger.begin(start(f"r{number}"))
        ledger.end(end(f"r{number}"))
    await ledger.close()
    assert names(tmp_path) == ["journal", "turnout.db"]
    assert len(outcomes(tmp_path)) == 1500
    assert names(tmp_path / "journal") == []


async def test_an_attempt_under_way_at_the_end_is_lost_for_the_next_process(tmp_path: Path) -> None:
    first = await Ledger.open(tmp_path)
    first.begin(start("r1", input_estimate=12, cost_estimate=1_800_000))
    await first.close()
    second = await Ledger.open(tmp_path)
    await until(lambda: second.state().lost == 1)
    record = await second.request("r1")
    assert record is not None
    assert [(a["outcome"], a["total"]) for a in record.attempts] == [("lost", None)]
    usage = record.attempts[0]["usage"]
    assert (usage["input"], usage["output"], usage["source"], record.cost) == (12, 0, "interrupted", 1_800_000)
    await second.close()


async def test_the_state_counts(ledger: Ledger) -> None:
    for request_id in ("r1", "r2"):
        ledger.begin(start(request_id))
    for _ in range(3):
        ledger.end(end("r1"))
    await until(lambda: ledger.state().settled == 1)
    state = ledger.state()
    assert (state.ok, state.in_flight, state.ignored_ends, state.unsettled_bytes, state.dropped) == (True, 1, 2, 0, 0)
    assert (state.journal, state.database, state.recovery) == (None, None, None)


async def test_a_database_that_does_not_open_stops_no_request_and_shows_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "turnout.db").mkdir()
    with caplog.at_level(logging.WARNING, "turnout.ledger"):
        ledger = await Ledger.open(tmp_path)
        for number in range(100):
            ledger.begin(start(f"r{number}"))
            ledger.end(end(f"r{number}"))
        await until(lambda: ledger.state().database is not None)
        with pytest.raises(StorageUnavailable, match="unable to open database file"):
            await ledger.request("r1")
        state = ledger.state()
        assert (state.ok, state.journal, state.settled) == (False, None, 0)
        assert state.unsettled_bytes > 30_000
        await ledger.close()
    assert len([r for r in caplog.records if "database" in r.getMessage()]) == 1

    (tmp_path / "turnout.db").rmdir()
    again = await Ledger.open(tmp_path)
    await until(lambda: again.state().recovered == 100)
    await again.close()
    assert set(outcomes(tmp_path).values()) == {"ok"}


async def test_a_data_directory_that_can_be_written_again_takes_new_requests(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    ledger = await Ledger.open(tmp_path / "data" / "deep")
    with pytest.raises(Unrecorded):
        ledger.begin(start("r0"))
    await until(lambda: ledger.state().database is not None)
    assert not ledger.state().ok
    (tmp_path / "data").unlink()
    await until(lambda: ledger.state().journal is None)
    ledger.begin(start("r1"))
    ledger.end(end("r1"))
    await ledger.close()
    assert outcomes(tmp_path / "data" / "deep") == {"r1-1": "ok"}


async def test_an_attempt_that_the_disk_refused_is_found_too(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.begin(start("r1"))
    monkeypatch.setattr(ledger._journal, "resume", lambda: None)
    ledger._journal._stop_writing(OSError("no space"))
    ledger.end(end("r1"))
    record = await ledger.request("r1")
    assert record is not None
    assert record.attempts[0]["outcome"] == "ok"


async def test_an_unknown_kind_of_database_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL: 'oracle' is not supported") as raised:
        await Ledger.open(tmp_path, LazyDatabase(tmp_path, "oracle://scott:tiger@host/db"))
    assert "tiger" not in str(raised.value)


async def test_opening_waits_neither_for_the_database_nor_for_its_library(tmp_path: Path) -> None:
    source = (
        "import asyncio, sys, time, pathlib, turnout.ledger as l\n"
        "async def main():\n"
        "    began = time.perf_counter()\n"
        "    ledger = await l.Ledger.open(pathlib.Path(sys.argv[1]))\n"
        "    print(time.perf_counter() - began < 1, 'sqlalchemy' in sys.modules)\n"
        "    await ledger.close()\n"
        "    print('sqlalchemy' in sys.modules)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert output.split() == [b"True", b"False", b"True"]


def test_a_file_that_is_settled_while_it_is_searched_is_no_fault(tmp_path: Path) -> None:
    assert _find_ended("r1", [], [(tmp_path / "gone.log", 0)]) == {}
