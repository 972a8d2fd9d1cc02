"""Conversations when the database fails: only requests that continue a conversation fail."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, cast

import pytest

from turnout import conversations
from turnout.conversations import SWEEP_INTERVAL, Conversations
from turnout.core import ChatRequest
from turnout.dialects import ConversationEndpoint, endpoint_at
from turnout.errors import InvalidRequest, NotFound, StorageUnavailable
from turnout.storage import LazyDatabase, TurnRow
from turnout.worker_threads import WorkerThreads

ENDPOINT = endpoint_at("/v1/responses")
ANSWER = b'{"id":"resp_1","output":[{"role":"assistant","content":"Two."}]}'


class Turns:
    """A table in memory. When ``failing``, each call raises; when ``hanging``, no call returns."""

    def __init__(self) -> None:
        self.rows: dict[str, TurnRow] = {}
        self.calls = 0
        self.sweeps = 0
        self.failing = False
        self.hanging = False

    async def turns(self) -> Turns:
        self.calls += 1
        if self.hanging:
            await asyncio.Event().wait()
        if self.failing:
            raise StorageUnavailable("No.")
        return self

    async def add(self, row: TurnRow) -> None:
        self.rows[row.id] = row

    async def until(self, id_: str, key_id: str, now: int) -> list[TurnRow]:
        return [row for row in self.rows.values() if (row.id, row.key_id) == (id_, key_id)]

    async def sweep(self, now: int) -> int:
        self.sweeps += 1
        return 0


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def store(turns: Turns) -> Conversations:
    return Conversations(cast(LazyDatabase, turns), WorkerThreads(), most_bytes=1000)


def parsed(**fields: Any) -> ChatRequest:
    request: ChatRequest = ENDPOINT.parse(json.dumps({"model": "m", "input": "One.", **fields}).encode())
    return request


async def begin(store: Conversations, request: ChatRequest, key_id: str = "k") -> ChatRequest:
    return await store.begin(endpoint(), request, key_id, large=False)


async def keep(store: Conversations, request: ChatRequest, key_id: str = "k") -> None:
    await store.keep(endpoint(), request, ANSWER, key_id, "d", large=False)


def endpoint() -> ConversationEndpoint:
    assert isinstance(ENDPOINT, ConversationEndpoint)
    return ENDPOINT


async def test_a_request_that_needs_no_database_never_asks_it(store: Conversations, turns: Turns) -> None:
    request = parsed(store=False)
    assert await begin(store, request) is request
    await keep(store, request)
    assert turns.calls == 0


async def test_what_was_kept_is_continued(store: Conversations) -> None:
    await keep(store, parsed())
    request = await begin(store, parsed(input="Three.", previous_response_id="resp_1"))
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert request.raw
    assert request.raw.continues
    assert request.raw.continues.deployment == "d"


async def test_another_key_finds_nothing(store: Conversations) -> None:
    await keep(store, parsed())
    with pytest.raises(InvalidRequest) as caught:
        await begin(store, parsed(previous_response_id="resp_1"), "other")
    assert caught.value.code == "previous_response_not_found"


async def test_a_database_that_fails_is_left_alone_for_a_while(
    store: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns.failing = True
    for _ in range(3):
        await keep(store, parsed())
    assert turns.calls == 1
    assert store.error == "No."
    turns.failing = False
    monkeypatch.setattr(store, "_paused_until", 0.0)
    await keep(store, parsed())
    assert store.error is None
    assert list(turns.rows) == ["resp_1"]


async def test_a_database_that_hangs_is_waited_for_no_longer_than_that(
    store: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "DATABASE_TIMEOUT", 0.01)
    turns.hanging = True
    await keep(store, parsed())
    assert store.error
    with pytest.raises(StorageUnavailable, match="can't be continued now"):
        await begin(store, parsed(previous_response_id="resp_1"))


async def test_an_id_that_nobody_can_have_is_not_looked_for(
    store: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "resp_" + "f" * 10_000_000
    with pytest.raises(InvalidRequest) as caught:
        await begin(store, parsed(previous_response_id=long))
    assert len(caught.value.message) < 400
    for call in (store.find(long, "k"), store.remove(long, "k")):
        with pytest.raises(NotFound):
            await call
    monkeypatch.setattr(conversations, "LONGEST_ID", 5)
    await keep(store, parsed())
    assert (turns.calls, turns.rows) == (0, {})


async def test_a_request_refers_to_so_many_answers_and_no_more(store: Conversations, turns: Turns) -> None:
    def items(number: int) -> list[dict[str, str]]:
        return [{"type": "item_reference", "id": f"msg_{n:x}_0"} for n in range(number)]

    with pytest.raises(InvalidRequest, match="more than 256 answers") as caught:
        await begin(store, parsed(input=items(257)))
    assert (caught.value.param, turns.calls) == ("input", 0)
    with suppress(InvalidRequest):  # those aren't there
        await begin(store, parsed(input=items(256)))
    assert turns.calls == 256


async def test_one_that_has_grown_too_long_can_t_be_continued(store: Conversations) -> None:
    await keep(store, parsed(input="x" * 1000))
    with pytest.raises(InvalidRequest, match=r"The conversation has \d+ bytes, and 1000 are the limit here") as caught:
        await begin(store, parsed(previous_response_id="resp_1"))
    assert caught.value.param == "previous_response_id"


async def test_expired_conversations_are_swept_now_and_then(
    store: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first answer that is kept, and again after an hour."""
    now = 1000.0
    monkeypatch.setattr("turnout.conversations.time.monotonic", lambda: now)
    for _ in range(3):
        await keep(store, parsed())
    assert turns.sweeps == 1
    now += SWEEP_INTERVAL
    await keep(store, parsed())
    assert turns.sweeps == 2
