"""Ten million attempts in a real Postgres: how long the rollups take to make, and each question to them.

`make bench-usage`. Takes some 10 GB of disk and gives them back. ARGS="--attempts 1000000" for a quicker look.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.machine import machine
from tests.support.postgres import Postgres
from turnout.storage.database import open_database
from turnout.storage.repeated import repeated_query
from turnout.storage.request_page import RequestFilter
from turnout.storage.requests import Requests, page_query
from turnout.storage.usage.asking import UsageQuestion
from turnout.storage.usage.questions import Questions, latencies_query, sums_query
from turnout.storage.usage.remaking import Remaking

from .rollup_rows import fill_rollups

DAYS = 90
FIRST_HOUR = 490_008  # midnight
LAST_HOUR = FIRST_HOUR + DAYS * 24
ROUNDS = 5
SAMPLE = 20
"""Hours that are made again, to time it and to check what was filled in."""

RESULTS = Path(__file__).parent / "results"

FILL = """
INSERT INTO attempts (attempt_id, request_id, number, started, dialect, key_id, "user", model, deployment, provider,
    upstream_model, stream, session, agent, end_user, tags, outcome, status, queue, first_token, total, cost,
    price_version, operation, team, alias_of, input, output, cached_input, cache_write, reasoning, usage_source)
SELECT 'req_' || id || '-1', 'req_' || id, 1, started, 'openai', 'key-' || u, 'user-' || u, 'model-' || m,
    'provider-' || m % 5 || '/model-' || m || CASE WHEN chance < 0.04 THEN '#2' ELSE '' END, 'provider-' || m % 5,
    'model-' || m, true, 'u' || u || '-' || hour || '-' || u % 2, 'agent-' || u % 5, '', '["team-' || u % 20 || '"]',
    CASE WHEN chance < 0.01 THEN 'failed' WHEN chance > 0.98 THEN 'client_gone' ELSE 'ok' END, 200, 100,
    (200000 + 800000 * spread)::bigint, (1000000 + 9000000 * spread)::bigint, (1000000000 * spread)::bigint, 'b',
    CASE WHEN m = 11 THEN 'embeddings' ELSE 'chat' END, 'team-' || u % 20, '', (8000 * spread)::bigint,
    (700 * spread)::bigint, (4000 * spread)::bigint, 0, 0, 'reported'
FROM (
    SELECT id, u, hour, chance, spread, (u * 7 + floor(3 * pick * pick)::int) % 12 AS m,
        hour * 3600000000 + floor(3600000000 * random())::bigint AS started
    FROM (
        SELECT id, {first_hour} + id * {hours} / {attempts} AS hour, floor(500 * power(random(), 2))::int AS u,
            random() AS pick, random() AS chance, random() * random() AS spread
        FROM generate_series({first}::bigint, {last}::bigint) AS id
    ) AS drawn
) AS made
"""
"""500 users of whom a few ask for most; each has a key, three models, an agent, a team and a session an hour."""


def question(**fields: Any) -> UsageQuestion:
    return UsageQuestion(**({"begin": FIRST_HOUR, "end": LAST_HOUR} | fields))


LAST_30, LAST_7 = LAST_HOUR - 30 * 24 + 5, LAST_HOUR - 7 * 24 + 5
ONE = {"user": "user-3"}
SUMS = {
    "total": question(),
    "by user": question(by=("user",)),
    "by day": question(span="day"),
    "by user and day": question(by=("user",), span="day"),
    "by key and model": question(by=("key_id", "model")),
    "by deployment and operation": question(by=("deployment", "operation")),
    "by agent and provider, 30 days": question(by=("agent", "provider"), begin=LAST_30),
    "by model and hour, 7 days": question(by=("model",), span="hour", begin=LAST_7),
    "by tag and model": question(by=("tag", "model")),
    "by session and model, 7 days": question(by=("session", "model"), begin=LAST_7),
    "by session and model, 30 days": question(by=("session", "model"), begin=LAST_30),
    "one user's, by model and day": question(by=("model",), span="day", only=ONE),
    "one user's, by session, 90 days": question(by=("session",), only=ONE),
}
LATENCIES = {
    "times by deployment": question(by=("deployment",)),
    "times by deployment and hour, 7 days": question(by=("deployment",), span="hour", begin=LAST_7),
}
LISTS = {
    "newest requests": RequestFilter(),
    "one user's failed requests": RequestFilter(only={"user": "user-3", "outcome": "failed"}),
    "requests of a session": RequestFilter(only={"session": f"u3-{LAST_HOUR - 1}-1"}),
    "an outcome that no request has": RequestFilter(only={"outcome": "lost"}),
    "requests of a deployment in a day": RequestFilter(
        only={"deployment": "provider-1/model-1"}, begin=(LAST_HOUR - 24) * 3_600_000_000
    ),
}


def fill(server: Postgres, address: str, attempts: int) -> float:
    """Seconds."""
    began = time.monotonic()
    step = max(attempts // 20, 1)
    for first in range(0, attempts, step):
        last = min(first + step, attempts) - 1
        server.sql(
            FILL.format(first=first, last=last, attempts=attempts, first_hour=FIRST_HOUR, hours=DAYS * 24), address
        )
        print(f"{last + 1:,} attempts after {time.monotonic() - began:.0f} s", flush=True)
    return time.monotonic() - began


async def make_some(engine: AsyncEngine) -> tuple[float, int]:
    """Makes the rollups of some hours again from the attempts. Seconds for an hour, and how many cells were wrong."""
    remaking, sample = Remaking(engine), range(FIRST_HOUR, LAST_HOUR, DAYS * 24 // SAMPLE)
    wrong = sum([await remaking.differences(hour) for hour in sample])
    began = time.monotonic()
    for hour in sample:
        await remaking.remake(hour)
    return (time.monotonic() - began) / len(sample), wrong


async def milliseconds(ask: Callable[[], Awaitable[object]]) -> float:
    await ask()
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


async def plan_of(engine: AsyncEngine, query: Select[Any]) -> str:
    """The scans of the plan."""
    words = str(query.compile(engine, compile_kwargs={"literal_binds": True})).replace("%%", "%")
    async with engine.connect() as connection:
        lines = [row[0] for row in await connection.exec_driver_sql("EXPLAIN " + words)]
    return "; ".join(dict.fromkeys(_scans(lines)))


def _scans(lines: list[str]) -> Iterator[str]:
    for line in lines:
        words = line.strip().removeprefix("->").strip().split("  (")[0]
        if "Scan" in words and "Subquery" not in words and not words.startswith("Bitmap Index"):
            yield words


async def rows_of(engine: AsyncEngine) -> Iterator[str]:
    sizes = text(
        "SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables "
        "WHERE n_live_tup > 0 ORDER BY 3 DESC"
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(sizes)).all()
    return (f"| {name} | {count:,} | {size / 1e6:,.0f} |" for name, count, size in rows)


async def measure(address: str) -> list[str]:
    engine = await open_database(address)
    questions, requests = Questions(engine), Requests(engine)
    await fill_rollups(engine)
    seconds, wrong = await make_some(engine)
    async with engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
    asked: dict[str, tuple[Callable[[], Awaitable[object]], Select[Any]]] = {
        name: (partial(questions.sums, each), sums_query(each)) for name, each in SUMS.items()
    }
    asked |= {name: (partial(questions.latencies, each), latencies_query(each)) for name, each in LATENCIES.items()}
    asked |= {
        name: (partial(requests.page, each, None, 50), page_query(each, None).limit(51)) for name, each in LISTS.items()
    }
    asked["repeated questions"] = (
        partial(requests.repeated, LAST_30, LAST_HOUR, {}),
        repeated_query(LAST_30, LAST_HOUR, {}),
    )
    made = f"An hour's rollups were made again in {seconds:.2f} s; {wrong} cells of {SAMPLE} hours were wrong before."
    lines = [made, "", "| table | rows | MB |", "|---|--:|--:|"]
    lines += [*await rows_of(engine), "", "| question | ms | plan |", "|---|--:|---|"]
    for name, (ask, query) in asked.items():
        lines.append(f"| {name} | {await milliseconds(ask):.0f} | {await plan_of(engine, query)} |")
        print(lines[-1], flush=True)
    await engine.dispose()
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000_000)
    attempts = parser.parse_args().attempts
    server = Postgres()
    try:
        address = server.database()
        asyncio.run(_prepare(address))
        filled = fill(server, address, attempts)
        lines = asyncio.run(measure(address))
    finally:
        server.remove()
    date = time.strftime("%Y-%m-%d")
    title = f"# Questions to {attempts:,} attempts of {DAYS} days in Postgres, {date}"
    head = f"`make bench-usage`. {machine()} Filling took {filled:.0f} s. Times are medians of {ROUNDS}."
    page = "\n".join([title, "", head, "", *lines, ""])
    (RESULTS / f"usage-{date}.md").write_text(page)
    print(page)


async def _prepare(address: str) -> None:
    await (await open_database(address)).dispose()


if __name__ == "__main__":
    main()
