"""Conversations when the database fails: answers go on, and only who continues one is told."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any, cast

import pytest

from turnout import conversations
from turnout.aside import Aside
from turnout.conversations import Conversations
from turnout.core import ChatRequest
from turnout.dialects import Conversing, endpoint_at
from turnout.errors import InvalidRequest, NotFound, StorageUnavailable
from turnout.storage import LazyDatabase, TurnRow

ENDPOINT = endpoint_at("/v1/responses")
ANSWER = b'{"id":"resp_1","output":[{"role":"assistant","content":"Two."}]}'


class Turns:
    """A table in memory. ``failing`` and ``hanging`` make it worse."""

    def __init__(self) -> None:
        self.rows: dict[str, TurnRow] = {}
        self.calls = 0
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
        return 0


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def kept(turns: Turns) -> Conversations:
    return Conversations(cast(LazyDatabase, turns), Aside(), most_bytes=1000)


def parsed(**fields: Any) -> ChatRequest:
    request: ChatRequest = ENDPOINT.parse(json.dumps({"model": "m", "input": "One.", **fields}).encode())
    return request


async def begun(kept: Conversations, request: ChatRequest, key_id: str = "k") -> ChatRequest:
    return await kept.begin(conversing(), request, key_id, large=False)


async def keep(kept: Conversations, request: ChatRequest, key_id: str = "k") -> None:
    await kept.keep(conversing(), request, ANSWER, key_id, "d", large=False)


def conversing() -> Conversing:
    assert isinstance(ENDPOINT, Conversing)
    return ENDPOINT


async def test_a_request_that_needs_no_database_never_asks_it(kept: Conversations, turns: Turns) -> None:
    request = parsed(store=False)
    assert await begun(kept, request) is request
    await keep(kept, request)
    assert turns.calls == 0


async def test_what_was_kept_is_continued(kept: Conversations) -> None:
    await keep(kept, parsed())
    request = await begun(kept, parsed(input="Three.", previous_response_id="resp_1"))
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert request.raw
    assert request.raw.continues
    assert request.raw.continues.deployment == "d"


async def test_another_key_finds_nothing(kept: Conversations) -> None:
    await keep(kept, parsed())
    with pytest.raises(InvalidRequest) as told:
        await begun(kept, parsed(previous_response_id="resp_1"), "other")
    assert told.value.code == "previous_response_not_found"


async def test_a_database_that_fails_is_left_alone_for_a_while(
    kept: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns.failing = True
    for _ in range(3):
        await keep(kept, parsed())
    assert turns.calls == 1
    assert kept.error == "No."
    turns.failing = False
    monkeypatch.setattr(kept, "_rest_until", 0.0)
    await keep(kept, parsed())
    assert kept.error is None
    assert list(turns.rows) == ["resp_1"]


async def test_a_database_that_hangs_is_waited_for_no_longer_than_that(
    kept: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PATIENCE", 0.01)
    turns.hanging = True
    await keep(kept, parsed())
    assert kept.error
    with pytest.raises(StorageUnavailable, match="can't be continued now"):
        await begun(kept, parsed(previous_response_id="resp_1"))


async def test_an_id_that_nobody_can_have_is_not_looked_for(
    kept: Conversations, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "resp_" + "f" * 10_000_000
    with pytest.raises(InvalidRequest) as told:
        await begun(kept, parsed(previous_response_id=long))
    assert len(told.value.message) < 400
    for asked in (kept.find(long, "k"), kept.remove(long, "k")):
        with pytest.raises(NotFound):
            await asked
    monkeypatch.setattr(conversations, "LONGEST_ID", 5)
    await keep(kept, parsed())
    assert (turns.calls, turns.rows) == (0, {})


async def test_a_request_refers_to_so_many_answers_and_no_more(kept: Conversations, turns: Turns) -> None:
    def items(number: int) -> list[dict[str, str]]:
        return [{"type": "item_reference", "id": f"msg_{n:x}_0"} for n in range(number)]

    with pytest.raises(InvalidRequest, match="more than 256 answers") as told:
        await begun(kept, parsed(input=items(257)))
    assert (told.value.param, turns.calls) == ("input", 0)
    with suppress(InvalidRequest):  # those aren't there
        await begun(kept, parsed(input=items(256)))
    assert turns.calls == 256


async def test_one_that_has_grown_too_long_can_t_be_continued(kept: Conversations) -> None:
    await keep(kept, parsed(input="x" * 1000))
    with pytest.raises(InvalidRequest, match=r"The conversation has \d+ bytes, and 1000 are the limit here") as caught:
        await begun(kept, parsed(previous_response_id="resp_1"))
    assert caught.value.param == "previous_response_id"
