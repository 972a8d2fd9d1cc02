"""What a request sets aside of limits and budgets: in every dialect, on every path, and what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.support.asgi import Answer, InProcess, in_process

DEAR, CHEAP = "echo/dear", "echo/cheap"
WORDS = "one two three four five"
PRICE = {"input": 1_000, "output": 1_000}  # a tenth of a cent for each token
OPENAI, ANTHROPIC, GEMINI, OLLAMA = (
    "/v1/chat/completions",
    "/v1/messages",
    "/v1beta/models/fast:generateContent",
    "/api/chat",
)
BODIES: dict[str, dict[str, Any]] = {
    OPENAI: {"model": "fast", "max_tokens": 10, "messages": [{"role": "user", "content": WORDS}]},
    ANTHROPIC: {"model": "fast", "max_tokens": 10, "messages": [{"role": "user", "content": WORDS}]},
    GEMINI: {"contents": [{"parts": [{"text": WORDS}]}], "generationConfig": {"maxOutputTokens": 10}},
    OLLAMA: {
        "model": "fast",
        "stream": False,
        "options": {"num_predict": 10},
        "messages": [{"role": "user", "content": WORDS}],
    },
}


def config(on_budget: str = "refuse") -> dict[str, Any]:
    deployments = [
        {"provider": "echo", "model": "dear", "price": {"input": 100_000, "output": 100_000}},
        {"provider": "echo", "model": "cheap", "price": PRICE},
    ]
    return {
        "on_budget": on_budget,
        "models": {
            "fast": {"deployments": [{"provider": "echo", "model": "echo", "price": PRICE}]},
            "other": {"deployments": [{"provider": "echo", "model": "other", "price": PRICE}]},
            "choice": {"deployments": deployments, "policy": "order"},
        },
        "limits": {"/v1/llm/generate": "1000/minute"},
        "keys": [
            {"key": "tk-admin-SECRET", "admin": True},
            *({"key": f"tk-once-{n:05}", "limits": "1/minute"} for n in range(4)),
            {"key": "tk-admin-once", "limits": "1/minute", "admin": True},
            {"key": "tk-tokens-1", "name": "tokens", "limits": "100 tokens/minute"},
            {"key": "tk-poor-111", "name": "poor", "budget_usd": 0.001},
            {"key": "tk-some-111", "name": "some", "budget_usd": 1},
            {"key": "tk-daily-11", "name": "daily", "budget_usd": {"daily": 1, "models": {"fast": 0.001}}},
        ],
    }


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path_factory.mktemp("reserved"), config()) as served:
        yield served


async def ask(app: InProcess, key: str, path: str = OPENAI, **changes: Any) -> Answer:
    return await app.ask("POST", path, BODIES[path] | changes, {"authorization": f"Bearer {key}"})


async def gauge_with(app: InProcess, name: str, unit: str, **values: Any) -> dict[str, Any]:
    """The key's gauge, as soon as it has these values: what isn't used goes back within a second or so."""
    async with asyncio.timeout(10):
        while True:
            answer = await app.ask(
                "GET", f"/v1/keys/{name}/policy", headers={"authorization": "Bearer tk-admin-SECRET"}
            )
            assert answer.status == 200, answer.body
            gauge: dict[str, Any] = next(each for each in answer.json["gauges"] if each["unit"] == unit)
            if values.items() <= gauge.items():
                return gauge
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("key", "first", "second", "said"),
    [
        ("tk-once-00000", OPENAI, ANTHROPIC, ("rate_limit_error", "error", "type")),
        ("tk-once-00001", ANTHROPIC, OPENAI, ("rate_limit_exceeded", "error", "code")),
        ("tk-once-00002", OLLAMA, GEMINI, ("RESOURCE_EXHAUSTED", "error", "status")),
        ("tk-once-00003", GEMINI, "/v1/chat/completions", ("rate_limit_exceeded", "error", "code")),
    ],
)
async def test_another_dialects_path_is_no_way_around_a_limit(
    app: InProcess, key: str, first: str, second: str, said: tuple[str, ...]
) -> None:
    assert (await ask(app, key, first)).status == 200
    refused = await ask(app, key, second)
    assert refused.status == 429
    word, *path = said
    told = refused.json
    for name in path:
        told = told[name]
    assert told == word
    assert 1 <= int(refused.headers["retry-after"]) <= 61


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        (OPENAI, 429, "insufficient_quota"),
        (ANTHROPIC, 402, "billing_error"),
        (GEMINI, 429, "RESOURCE_EXHAUSTED"),
        (OLLAMA, 429, "Budget spent"),
    ],
)
async def test_a_spent_budget_is_told_in_the_dialects_own_way(
    app: InProcess, path: str, status: int, word: str
) -> None:
    refused = await ask(app, "tk-poor-111", path)
    assert refused.status == status
    text = refused.body.decode()
    assert word in text
    assert "0.001 USD in all for the key 'poor'. 0 USD are spent, 0" in text
    assert refused.headers["x-should-retry"] == "false"


async def test_the_estimate_comes_back_but_for_what_was_used(app: InProcess) -> None:
    answer = await ask(app, "tk-tokens-1")
    used = answer.json["usage"]["total_tokens"]
    assert used < 100
    limit = await gauge_with(app, "tokens", "tokens", used=used)
    assert limit["most"] == 100
    assert answer.headers["x-ratelimit-limit-tokens"] == "100"
    assert (await ask(app, "tk-tokens-1", max_tokens=200)).status == 200  # most answers are shorter than they may be
    too_long = await ask(app, "tk-tokens-1", messages=[{"role": "user", "content": "word " * 100}])
    assert too_long.status == 429
    assert too_long.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_spent_is_settled_and_nothing_stays_reserved(app: InProcess, stream: bool) -> None:
    before = await gauge_with(app, "some", "usd", reserved="0")
    answer = await ask(app, "tk-some-111", stream=stream)
    assert answer.status == 200
    await app.gateway.ledger.settle()
    after = await gauge_with(app, "some", "usd", reserved="0")
    assert Decimal(after["used"]) == Decimal(before["used"]) + Decimal("0.010")


async def test_a_model_can_have_a_budget_of_its_own(app: InProcess) -> None:
    assert (await ask(app, "tk-daily-11")).status == 429
    assert (await ask(app, "tk-daily-11", model="other")).status == 200


async def test_refusals_are_counted_by_what_refused(app: InProcess) -> None:
    counted = app.gateway.metrics.tally.limited
    before = dict(counted)
    assert (await ask(app, "tk-poor-111")).status == 429
    assert counted == before | {"budget/key/poor/total": before.get("budget/key/poor/total", 0) + 1}


async def test_a_cheaper_deployment_may_still_fit(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with in_process(tmp_path_factory.mktemp("refuse"), config()) as app:
        assert (await ask(app, "tk-some-111", model="choice")).status == 429
    async with in_process(tmp_path_factory.mktemp("cheaper"), config("cheaper")) as app:
        answer = await ask(app, "tk-some-111", model="choice")
        assert (answer.status, answer.headers["x-turnout-deployment"]) == (200, CHEAP)
        assert (await ask(app, "tk-poor-111", model="choice")).status == 429


async def test_a_kept_answer_counts_as_a_request_and_costs_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    key = {"key": "tk-twice-11", "name": "twice", "limits": "2/minute", "budget_usd": 1}
    kept = config() | {"cache": {"exact": {}}}
    kept["keys"] = [*kept["keys"], key]
    async with in_process(tmp_path_factory.mktemp("kept"), kept) as app:
        answers = [await ask(app, "tk-twice-11", temperature=0) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert [answer.headers.get("x-turnout-cache") for answer in answers[:2]] == ["MISS", "HIT"]
        await app.gateway.ledger.settle()
        budget = await gauge_with(app, "twice", "usd", reserved="0")
        assert Decimal(budget["used"]) == Decimal("0.010")


async def test_what_is_only_explained_counts_nowhere(app: InProcess) -> None:
    for _ in range(2):
        explained = await app.ask(
            "POST", "/v1/route/explain", BODIES[OPENAI], {"authorization": "Bearer tk-admin-once"}
        )
        assert explained.status == 200
    assert (await ask(app, "tk-admin-once")).status == 200
    assert (await ask(app, "tk-admin-once")).status == 429
