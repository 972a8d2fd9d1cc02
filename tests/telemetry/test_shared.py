"""The metrics of several processes add up at any of them, and no counter ever goes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from turnout.core import AttemptEnd, AttemptStart, Outcome, Usage
from turnout.telemetry import MarkTally, Metrics, SharedMetrics, shared


def counted(times: int, *, model: str = "fast", outcome: Outcome = "ok", in_flight: int = 0) -> Metrics:
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
        outcome=outcome,
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


async def sums(metrics: SharedMetrics) -> dict[str, float]:
    """The sum over all labels, by name."""
    values: dict[str, float] = {}
    for family in text_string_to_metric_families((await metrics.exposition()).decode()):
        for sample in family.samples:
            values[sample.name] = values.get(sample.name, 0) + sample.value
    return values


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
    """Writes the file that a process of that id would write."""
    (folder / f"{pid}.tally").write_bytes(msgspec.msgpack.encode(metrics.tally))


async def test_one_process_shows_its_own_metrics() -> None:
    mine = SharedMetrics(counted(3, in_flight=2), None)
    values = await sums(mine)
    assert (values["turnout_request_seconds_count"], values["turnout_in_flight"]) == (3, 2)


async def test_all_processes_add_up(tmp_path: Path, another_process: int, dead_process: int) -> None:
    """A dead process's counters stay. Its requests in flight and its breakers no longer count."""
    other = counted(10, in_flight=5)
    other.tally.refused["no_key"] = 3
    other.limited("limit/key/k")
    other.limited("")
    other.budget_alert("budget/key/k", 80)
    other.tally.breakers["a", "open"] = 1
    other.tally.seams["fast", "one", "continue"] = 2
    other.tally.left_out["fast", "one"] = 2
    leave(tmp_path, another_process, other)
    dead = counted(100, outcome="failed", in_flight=50)
    dead.tally.breakers["a", "open"] = 1
    dead.tally.seams["fast", "one", "continue"] = 3
    dead.tally.left_out["fast", "one"] = 4
    leave(tmp_path, dead_process, dead)
    values = await sums(SharedMetrics(counted(1, in_flight=1), tmp_path))
    assert values["turnout_in_flight"] == 6
    assert values["turnout_refused_total"] == 3
    assert values["turnout_limited_total"] == 2
    assert values["turnout_budget_alerts_total"] == 1
    assert values["turnout_deployment_state"] == 1
    assert values["turnout_seams_total"] == 5
    assert values["turnout_events_left_out_total"] == 6
    assert values["turnout_request_seconds_count"] == values["turnout_attempt_seconds_count"] == 111
    assert values["turnout_first_token_seconds_count"] == 0
    assert values["turnout_tokens_total"] == 111 * 5
    assert values["turnout_cost_usd_total"] == 111
    assert values["turnout_request_seconds_sum"] == pytest.approx(1.11)


async def test_what_drains_is_drained_when_no_process_has_anything_there(
    tmp_path: Path, another_process: int, dead_process: int
) -> None:
    """A process that doesn't know the mark yet may still send requests there. A dead one sends none."""

    def copies(mine: MarkTally, others: MarkTally | None) -> SharedMetrics:
        own, other, dead = counted(1), counted(1), counted(1)
        own.marks = lambda: {"a": mine}
        other.tally.marks = {} if others is None else {"a": others}
        dead.tally.marks = {"a": MarkTally("draining", 5, 9)}
        leave(tmp_path, another_process, other)
        leave(tmp_path, dead_process, dead)
        return SharedMetrics(own, tmp_path)

    async def told(mine: MarkTally, others: MarkTally | None) -> tuple[str, int, int]:
        state, mark = (await copies(mine, others).marked())["a"]
        return state, mark.under_way, mark.processes

    nothing, two = MarkTally("draining", 5, 0), MarkTally("draining", 5, 2)
    assert await told(nothing, None) == ("draining", 0, 1)
    assert await told(nothing, MarkTally("draining", 4, 0)) == ("draining", 0, 1)
    assert await told(nothing, two) == ("draining", 2, 2)
    assert await told(two, two) == ("draining", 4, 2)
    assert await told(nothing, nothing) == ("drained", 0, 2)
    assert await told(MarkTally("open", 5, 0), MarkTally("open", 5, 0)) == ("open", 0, 2)


async def test_a_process_does_not_add_its_own_copy(tmp_path: Path, another_process: int) -> None:
    mine = SharedMetrics(counted(4), tmp_path)
    leave(tmp_path, another_process, counted(6))
    first = await sums(mine)
    assert first["turnout_request_seconds_count"] == 10
    assert (await sums(mine))["turnout_request_seconds_count"] == 10, "its own copy is now a file, too"


async def test_a_process_of_another_user_is_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any process may get the number of a worker that died."""

    def kill(pid: int, signal: int) -> None:
        raise PermissionError

    leave(tmp_path, 1, counted(2, in_flight=7))
    monkeypatch.setattr(os, "kill", kill)
    values = await sums(SharedMetrics(counted(1), tmp_path))
    assert (values["turnout_request_seconds_count"], values["turnout_in_flight"]) == (3, 0)


async def test_the_copy_is_kept_fresh_and_written_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_one_process_alone_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither into its working directory nor into a temporary one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    alone = SharedMetrics(counted(1), None)
    await asyncio.wait_for(alone.run(), 1)
    await alone.exposition()
    assert os.listdir(tmp_path) == []


def test_a_copy_is_never_half_written(tmp_path: Path) -> None:
    """Readers see the old copy or the new one."""
    metrics = counted(1)
    mine = SharedMetrics(metrics, tmp_path)
    for number in range(50):
        metrics.request_ended("openai", f"model-{number}", 200, 0.01)
        mine.publish()
        assert [file.suffix for file in tmp_path.iterdir()] == [".tally"]
