"""A request's headers say where it may go, and where it belongs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.asgi import Answer, InProcess, in_process

KEY, PREMIUM = "tk-0123456789abcdef", "tk-fedcba9876543210"
CONFIG: dict[str, Any] = {
    "models": {
        "placed": {
            "deployments": [
                {"provider": "echo", "model": "us", "tags": ["us"]},
                {"provider": "echo", "model": "eu", "tags": ["eu"]},
                {"provider": "echo", "model": "strong", "tags": ["eu", "premium"]},
            ]
        },
        "cached": {
            "policy": "weighted",
            "price": {"input": 1, "output": 1, "cached_input": 0.1},
            "deployments": [f"echo/{name}" for name in "ghij"],
        },
        "uncached": {"policy": "weighted", "deployments": [f"echo/{name}" for name in "klmn"]},
        "sessions": {"affinity": "session", "deployments": [f"echo/{name}" for name in "abcdef"]},
    },
    "keys": [{"key": KEY}, {"key": PREMIUM, "tier": "premium", "needs_tags": ["eu"]}],
}


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with in_process(tmp_path, CONFIG) as made:
        yield made


async def ask(app: InProcess, model: str, headers: dict[str, str], key: str = KEY, **fields: Any) -> Answer:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **fields}
    return await app.ask("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}", **headers})


@pytest.mark.parametrize(
    ("headers", "key", "deployment"),
    [
        ({}, KEY, "echo/us"),
        ({"x-turnout-tags": "eu"}, KEY, "echo/eu"),
        ({"x-turnout-tags": "eu, premium"}, KEY, "echo/strong"),
        ({}, PREMIUM, "echo/eu"),
        ({"x-session-id": "premium-7"}, PREMIUM, "echo/strong"),
        ({"x-session-id": "premium-7"}, KEY, "echo/us"),
    ],
    ids=["none", "tag", "tags", "key's tag", "premium", "not premium"],
)
async def test_tags_and_premium_sessions(app: InProcess, headers: dict[str, str], key: str, deployment: str) -> None:
    answer = await ask(app, "placed", headers, key)
    assert (answer.status, answer.headers["x-turnout-deployment"]) == (200, deployment)


async def test_a_place_that_is_not_there_is_an_error_with_the_reasons(app: InProcess) -> None:
    answer = await ask(app, "placed", {"x-turnout-tags": "moon"})
    assert (answer.status, answer.json["error"]["code"]) == (503, "no_deployment")
    assert "echo/us: it has no tag moon" in answer.json["error"]["message"]


async def test_a_session_by_header_or_by_field_stays_where_it_is(app: InProcess) -> None:
    by_header = {(await ask(app, "sessions", {"session-id": "s"})).headers["x-turnout-deployment"] for _ in range(5)}
    by_field = await ask(app, "sessions", {}, prompt_cache_key="s")
    assert by_header == {by_field.headers["x-turnout-deployment"]}
    several = [await ask(app, "sessions", {"session-id": str(number)}) for number in range(12)]
    assert len({answer.headers["x-turnout-deployment"] for answer in several}) > 2


async def conversation(app: InProcess, model: str, number: int) -> set[str]:
    """The deployments of three turns."""
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Conversation {number}"}]
    found = set()
    for _ in range(3):
        found.add((await ask(app, model, {}, messages=turns)).headers["x-turnout-deployment"])
        turns = [*turns, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "And then?"}]
    return found


async def test_a_conversation_stays_where_its_beginning_is_cached(app: InProcess) -> None:
    homes = [await conversation(app, "cached", number) for number in range(12)]
    assert all(len(home) == 1 for home in homes)
    assert len(set().union(*homes)) > 2
    elsewhere = [await conversation(app, "uncached", number) for number in range(12)]
    assert max(map(len, elsewhere)) > 1, "nothing keeps it anywhere"


async def test_an_answer_is_continued_where_it_was_given(app: InProcess) -> None:
    async def respond(**fields: Any) -> Answer:
        body = {"model": "uncached", "input": "Hello", **fields}
        return await app.ask("POST", "/v1/responses", body, {"authorization": f"Bearer {KEY}"})

    first = await respond()
    for _ in range(6):
        later = await respond(previous_response_id=first.json["id"])
        assert later.headers["x-turnout-deployment"] == first.headers["x-turnout-deployment"]
