"""Metrics of several processes add up, whoever is asked, and no counter ever goes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from turnout.core import AttemptEnd, AttemptStart, Usage
from turnout.telemetry import Metrics, SharedMetrics, shared


def counted(times: int, *, model: str = "fast", outcome: str = "ok", in_flight: int = 0) -> Metrics:
    metrics = Metrics()
    start = AttemptStart(
        attempt_id="r-1",
        request_id="r",
        number=1,
        started=0,
        dialect="openai",
        key_id="",
        user="",
        model=model,
        deployment="one",
        provider="echo",
        upstream_model="m",
        stream=False,
    )
    end = AttemptEnd(
        attempt_id="r-1",
        outcome=outcome,  # type: ignore[arg-type]
        status=200,
        queue=0,
        first_token=None,
        total=10_000,
        usage=Usage(input=3, output=2),
        cost=10**12,
    )
    for _ in range(times):
        metrics.attempt_ended(start, end)
        metrics.request_ended("openai", model, 200, 0.01)
    metrics.tally.in_flight = in_flight
    return metrics


async def told(metrics: SharedMetrics) -> dict[str, float]:
    """The sum over all labels, by name."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families((await metrics.exposition()).decode()):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


@pytest.fixture
def another_process() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate(b"\n")


@pytest.fixture
def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave(folder: Path, pid: int, metrics: Metrics) -> None:
    """As that process would have."""
    (folder / f"{pid}.tally").write_bytes(msgspec.msgpack.encode(metrics.tally))


async def test_one_process_tells_its_own() -> None:
    mine = SharedMetrics(counted(3, in_flight=2), None)
    found = await told(mine)
    assert (found["turnout_request_seconds_count"], found["turnout_in_flight"]) == (3, 2)


async def test_all_processes_add_up(tmp_path: Path, another_process: int, dead_process: int) -> None:
    """A dead one's counters stay, what it had in flight is gone."""
    leave(tmp_path, another_process, counted(10, in_flight=5))
    leave(tmp_path, dead_process, counted(100, outcome="failed", in_flight=50))
    found = await told(SharedMetrics(counted(1, in_flight=1), tmp_path))
    assert found["turnout_in_flight"] == 6
    assert found["turnout_request_seconds_count"] == found["turnout_attempt_seconds_count"] == 111
    assert found["turnout_first_token_seconds_count"] == 0
    assert found["turnout_tokens_total"] == 111 * 5
    assert found["turnout_cost_usd_total"] == 111
    assert found["turnout_request_seconds_sum"] == pytest.approx(1.11)


async def test_whoever_is_asked_tells_the_same(tmp_path: Path, another_process: int) -> None:
    mine = SharedMetrics(counted(4), tmp_path)
    leave(tmp_path, another_process, counted(6))
    first = await told(mine)
    assert first["turnout_request_seconds_count"] == 10
    assert (await told(mine))["turnout_request_seconds_count"] == 10, "its own copy is not counted again"


async def test_a_process_of_another_user_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of a worker that died may be given to any process."""

    def kill(pid: int, signal: int) -> None:
        raise PermissionError

    leave(tmp_path, 1, counted(2, in_flight=7))
    monkeypatch.setattr(os, "kill", kill)
    found = await told(SharedMetrics(counted(1), tmp_path))
    assert (found["turnout_request_seconds_count"], found["turnout_in_flight"]) == (3, 0)


async def test_the_copy_is_kept_fresh_and_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "INTERVAL", 0.01)
    metrics = counted(1)
    mine, file = SharedMetrics(metrics, tmp_path), tmp_path / f"{os.getpid()}.tally"
    task = asyncio.create_task(mine.run())
    await asyncio.sleep(0.005)
    before = file.read_bytes()
    metrics.request_ended("openai", "fast", 200, 0.01)
    await asyncio.sleep(0.05)
    fresh = file.read_bytes()
    assert fresh != before
    metrics.request_ended("openai", "fast", 200, 0.01)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert file.read_bytes() not in (before, fresh)
    assert msgspec.msgpack.decode(file.read_bytes()) == msgspec.msgpack.decode(msgspec.msgpack.encode(metrics.tally))


async def test_one_process_alone_writes_nothing() -> None:
    await asyncio.wait_for(SharedMetrics(counted(1), None).run(), 1)


def test_a_copy_is_never_half_written(tmp_path: Path) -> None:
    """Readers see the old one or the new one."""
    metrics = counted(1)
    mine = SharedMetrics(metrics, tmp_path)
    for number in range(50):
        metrics.request_ended("openai", f"model-{number}", 200, 0.01)
        mine.publish()
        assert [file.suffix for file in tmp_path.iterdir()] == [".tally"]
