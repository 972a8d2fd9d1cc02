"""Usage over the API: whose figures one sees, their shapes, and that they are the ledger's."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.storage.support import attempt
from tests.support.asgi import Answer, InProcess, in_process
from turnout.core import EndedAttempt, Usage
from turnout.storage import PIECES, TOKENS

ADMIN, ALICE, BOB, NOBODY = "tk-admin-SECRET", "tk-alice-SECRET", "tk-bob-SECRET", "tk-nobody-SECRET"
HOUR = 3_600_000_000
NOW = time.time_ns() // 1000
DAY = 24 * HOUR
TODAY = NOW // DAY * DAY
PRICES = {"dear": {"input": 10, "output": 30, "cached_input": 1}, "cheap": {"input": 1, "output": 3}}
DEPLOYMENTS = [{"provider": "echo", "model": name, "price": price} for name, price in PRICES.items()]
KEYS = [
    {"key": ADMIN, "name": "admin", "admin": True, "user": "root"},
    {"key": ALICE, "name": "a1", "user": "alice"},
    {"key": BOB, "name": "b1", "user": "bob"},
    {"key": NOBODY, "name": "n1"},
]
USD = 10**12


def recorded(name: str, user: str, key_id: str, day: int, **fields: Any) -> EndedAttempt:
    """An attempt ``day`` days ago that cost a dollar."""
    usage = Usage(input=100, output=10)
    told: dict[str, Any] = {
        "user": user,
        "key_id": key_id,
        "started": NOW - day * DAY,
        "usage": usage,
        "cost": USD,
        "deployment": "echo/dear",
        "total": 2_000_000,
    }
    return attempt(name, **(told | fields))


TRAFFIC = [
    *[recorded(f"a{number}", "alice", "a1", 1, session="s1", first_token=5_000, stream=True) for number in range(3)],
    recorded("a-old", "alice", "a2", 3, model="=large", cost=None),
    recorded("b", "bob", "b1", 1, operation="embeddings", model="small", cost=USD // 2, usage=Usage(input=40)),
    recorded("n", "", "n1", 0, outcome="failed", usage=None, cost=None),
    recorded("n2", "", "n2", 2, outcome="client_gone", tags=("red", "blue")),
]


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    config = {"models": {"fast": {"deployments": DEPLOYMENTS}}, "keys": KEYS}
    async with in_process(tmp_path_factory.mktemp("usage"), config) as app:
        store = await app.gateway.database.attempts()
        await store.insert(TRAFFIC)
        yield app


async def ask(app: InProcess, path: str, query: str = "", key: str = ADMIN, **headers: str) -> Answer:
    return await app.ask("GET", path, headers={"authorization": f"Bearer {key}", **headers}, query=query)


async def rows(app: InProcess, query: str = "", key: str = ADMIN) -> list[dict[str, Any]]:
    answer = await ask(app, "/v1/usage", query, key)
    assert answer.status == 200, answer.body
    data: list[dict[str, Any]] = answer.json["data"]
    return data


async def test_a_row_has_every_figure(app: InProcess) -> None:
    (row,) = await rows(app, "user=alice&by=user")
    assert row == {
        "user": "alice",
        "requests": 4,
        "attempts": 4,
        "outcomes": {"ok": 4, "failed": 0, "cut": 0, "client_gone": 0, "drained": 0, "outrun": 0, "lost": 0}
        | {"cached": 0},
        "at_fault": {"client": 0, "turnout": 0, "provider": 0},
        "tokens": {"total": 440} | dict.fromkeys(TOKENS, 0) | {"input": 400, "output": 40},
        "pieces": dict.fromkeys(PIECES, 0),
        "estimated": 0,
        "unmetered": 0,
        "unpriced": {"attempts": 1, "tokens": 110},
        "cost": 3 * USD,
        "cost_usd": "3",
        "saved": 0,
        "saved_usd": "0",
    }


@pytest.mark.parametrize(
    ("key", "users", "attempts"),
    [(ADMIN, ["", "alice", "bob"], 7), (ALICE, ["alice"], 4), (BOB, ["bob"], 1), (NOBODY, [""], 1)],
    ids=["admin", "alice", "bob", "a key without a user"],
)
async def test_a_user_sees_their_own_and_an_admin_all(
    app: InProcess, key: str, users: list[str], attempts: int
) -> None:
    found = await rows(app, "by=user", key)
    assert sorted(row["user"] for row in found) == users
    assert sum(row["attempts"] for row in found) == attempts
    listed = await ask(app, "/v1/requests", "", key)
    assert len(listed.json["data"]) == attempts
    statistics = await ask(app, "/v1/llm/usage", "", key)
    assert statistics.json["total_requests"] == attempts


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/usage", "user=bob"),
        ("/v1/requests", "user=bob"),
        ("/v1/llm/usage", "user_id=bob"),
        ("/v1/llm/embedding-usage", "user_id=bob"),
        ("/v1/usage/performance", ""),
    ],
)
async def test_what_is_somebody_elses_is_refused(app: InProcess, path: str, query: str) -> None:
    refused = await ask(app, path, query, ALICE)
    assert (refused.status, refused.json["error"]["type"]) == (403, "permission_error"), refused.body


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "by=key,model",
            {("a1", "fast"): 3, ("a2", "=large"): 1, ("b1", "small"): 1, ("n1", "fast"): 1, ("n2", "fast"): 1},
        ),
        ("by=session", {("s1",): 3}),
        ("by=tag", {("red",): 1, ("blue",): 1}),
        ("by=operation,provider", {("chat", "openai"): 6, ("embeddings", "openai"): 1}),
        ("by=deployment&user=bob", {("echo/dear",): 1}),
        ("tag=red", {(): 1}),
        ("", {(): 7}),
    ],
)
async def test_usage_is_told_by_any_two_dimensions(
    app: InProcess, query: str, expected: dict[tuple[str, ...], int]
) -> None:
    by = [name for name in query.split("&")[0].removeprefix("by=").split(",") if "by=" in query]
    found = await rows(app, query)
    assert {tuple(row[name] for name in by): row["attempts"] for row in found} == expected


async def test_days_and_hours_are_told_in_utc_and_in_order(app: InProcess) -> None:
    def day(ago: int) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(NOW / 1e6 - ago * 86_400))

    by_day = await rows(app, "by=day")
    assert [(row["day"], row["attempts"]) for row in by_day] == [(day(3), 1), (day(2), 1), (day(1), 4), (day(0), 1)]
    by_hour = await rows(app, f"by=hour,user&from={day(1)}&to={day(1)}")
    assert [(row["hour"], row["user"]) for row in by_hour] == [
        (time.strftime("%Y-%m-%dT%H:00:00Z", time.gmtime(NOW / 1e6 - 86_400)), user) for user in ("alice", "bob")
    ]


async def test_the_total_is_of_the_whole_period_also_where_rows_are_left_out(app: InProcess) -> None:
    answer = (await ask(app, "/v1/usage", "by=user&limit=1")).json
    assert ([row["user"] for row in answer["data"]], answer["complete"]) == (["alice"], False)
    assert (answer["total"]["attempts"], answer["total"]["cost_usd"]) == (7, "4.5")
    assert (await ask(app, "/v1/usage", "by=user&limit=3")).json["complete"] is True


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("by=colour", "by"),
        ("by=user,key,model", "by"),
        ("by=user,user", "by"),
        ("by=day,hour", "by"),
        ("by=session,tag", "by"),
        ("usr=alice", "usr"),
        ("limit=0", "limit"),
        ("limit=9999999999999", "limit"),
        ("from=yesterday", "from"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"),
        ("from=2026-02-02&to=2026-02-01", "from"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_with_its_parameter(
    app: InProcess, query: str, param: str
) -> None:
    refused = await ask(app, "/v1/usage", query)
    assert (refused.status, refused.json["error"]["param"]) == (400, param), refused.body


async def test_csv_has_a_column_for_each_figure_and_no_formulas(app: InProcess) -> None:
    answer = await ask(app, "/v1/usage", "by=model", accept="text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    table = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert {row["model"]: row["attempts"] for row in table} == {"fast": "5", "small": "1", "'=large": "1"}
    assert {row["model"]: row["tokens_input"] for row in table}["small"] == "40"
    assert {row["model"]: row["cost_usd"] for row in table}["small"] == "0.5"


async def test_performance_is_told_by_deployment(app: InProcess) -> None:
    (row,) = (await ask(app, "/v1/usage/performance")).json["data"]
    assert (row["deployment"], row["attempts"], row["ok"]) == ("echo/dear", 7, 5)
    assert row["error_rate"] == {"client": round(1 / 7, 6), "turnout": 0, "provider": round(1 / 7, 6)}
    assert row["total"]["p50"] == row["total"]["p99"] == pytest.approx(2, rel=0.05)
    assert row["first_token"] == {"p50": 0.00506, "p95": 0.00506, "p99": 0.00506, "count": 3}


async def test_the_model_service_tells_usage_in_its_own_shape(app: InProcess) -> None:
    def day(ago: int) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(NOW / 1e6 - ago * 86_400))

    query = f"user_id=alice&start_date={day(3)}&end_date={day(0)}"
    assert (await ask(app, "/v1/llm/usage", query)).json == {
        "total_requests": 4,
        "total_tokens": 440,
        "total_cost": 3,
        "requests_by_model": {"fast": 3, "=large": 1},
        "cost_by_model": {"fast": 3, "=large": 0},
        "daily_usage": [{"date": day(3), "requests": 1, "cost": 0}, {"date": day(1), "requests": 3, "cost": 3}],
    }
    embeddings = (await ask(app, "/v1/llm/embedding-usage")).json
    assert embeddings == {
        "total_requests": 1,
        "total_tokens": 40,
        "total_cost": 0.5,
        "requests_by_model": {"small": 1},
        "cost_by_model": {"small": 0.5},
        "daily_usage": [{"date": day(1), "requests": 1, "cost": 0.5}],
    }
    refused = await ask(app, "/v1/llm/usage", "start_date=soon")
    assert (refused.status, refused.json["error"]["param"]) == (400, "start_date")


async def test_a_forecast_says_what_it_stands_on(app: InProcess) -> None:
    told = (await ask(app, "/v1/usage/forecast", "period=day")).json
    assert (told["days"], told["so_far"]["attempts"]) == (3, 1)
    assert float(told["low_usd"]) <= float(told["forecast_usd"]) <= float(told["high_usd"])
    assert (await ask(app, "/v1/usage/forecast", "period=day", BOB)).json["so_far"]["attempts"] == 0
    assert (await ask(app, "/v1/usage/forecast", "period=year")).status == 400


async def test_requests_are_listed_by_pages(app: InProcess) -> None:
    seen: list[str] = []
    query = "limit=3"
    while query:
        page = (await ask(app, "/v1/requests", query)).json
        assert len(page["data"]) <= 3
        seen += [row["request_id"] for row in page["data"]]
        query = f"limit=3&cursor={page['next']}" if page["next"] else ""
    assert seen == ["n", "b", "a2", "a1", "a0", "n2", "a-old"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("outcome=failed", ["n"]),
        ("tag=red", ["n2"]),
        ("tag=re", []),
        ("session=s1&user=alice", ["a2", "a1", "a0"]),
        ("key_id=b1&operation=embeddings", ["b"]),
        ("model=%3Dlarge", ["a-old"]),
        ("to=2020-01-01", []),
        ("from=2020-01-01&user=bob", ["b"]),
    ],
)
async def test_requests_are_filtered(app: InProcess, query: str, expected: list[str]) -> None:
    listed = (await ask(app, "/v1/requests", query)).json
    assert ([row["request_id"] for row in listed["data"]], listed["next"]) == (expected, None)


@pytest.mark.parametrize("query", ["cursor=x", "cursor=W10", "colour=red", "limit=501", "cursor=%C3%A4"])
async def test_a_bad_question_for_requests_is_refused(app: InProcess, query: str) -> None:
    assert (await ask(app, "/v1/requests", query)).status == 400
