"""The table of conversations, in both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from turnout.errors import StorageUnavailable
from turnout.storage import TurnRow
from turnout.storage.database import open_database
from turnout.storage.turns import Turns

NOW = 1_790_000_000
DAY = 86_400


@pytest.fixture
async def turns(database_address: str) -> AsyncIterator[Turns]:
    engine = await open_database(database_address)
    yield Turns(engine)
    await engine.dispose()


def turn(id_: str, previous: str | None = None, **more: Any) -> TurnRow:
    fields: dict[str, Any] = {
        "id": id_,
        "key_id": "k",
        "previous": previous,
        "deployment": "d",
        "items": '["é"]',
        "output": "[]",
        "answer": "{}",
        "created": NOW,
        "expires": NOW + 30 * DAY,
    }
    return TurnRow(**fields | more)


async def test_a_conversation_comes_oldest_first(turns: Turns) -> None:
    rows = [turn("c1"), turn("b2", "c1"), turn("a3", "b2"), turn("x", "c1")]
    for row in rows:
        await turns.add(row)
    assert await turns.until("a3", "k", NOW) == rows[:3]
    assert await turns.until("c1", "k", NOW) == rows[:1]


async def test_a_conversation_with_a_missing_turn_is_empty(turns: Turns) -> None:
    """The turn may be unknown, another key's, removed, or expired."""
    await turns.add(turn("1"))
    await turns.add(turn("2", "1"))
    await turns.add(turn("theirs", "1", key_id="other"))
    assert await turns.until("3", "k", NOW) == []
    assert await turns.until("2", "other", NOW) == []
    assert await turns.until("theirs", "other", NOW) == []
    assert await turns.until("2", "k", NOW + 30 * DAY) == []
    assert await turns.remove("1", "k")
    assert await turns.until("2", "k", NOW) == []


async def test_a_circle_comes_to_an_end(turns: Turns) -> None:
    await turns.add(turn("1", "2"))
    await turns.add(turn("2", "1"))
    assert await turns.until("2", "k", NOW) == []


async def test_a_turn_that_is_continued_is_kept_longer(turns: Turns) -> None:
    await turns.add(turn("1"))
    await turns.add(turn("2", "1", created=NOW + 20 * DAY, expires=NOW + 50 * DAY))
    assert len(await turns.until("2", "k", NOW + 49 * DAY)) == 2


async def test_the_same_id_is_replaced_by_its_own_key_only(turns: Turns) -> None:
    await turns.add(turn("1"))
    await turns.add(turn("1", answer='{"new":1}'))
    assert [row.answer for row in await turns.until("1", "k", NOW)] == ['{"new":1}']
    with pytest.raises(StorageUnavailable):
        await turns.add(turn("1", key_id="other"))
    assert [row.key_id for row in await turns.until("1", "k", NOW)] == ["k"]


async def test_only_its_own_key_removes_a_turn(turns: Turns) -> None:
    await turns.add(turn("1"))
    assert not await turns.remove("1", "other")
    assert await turns.remove("1", "k")
    assert not await turns.remove("1", "k")


async def test_expired_turns_are_removed(turns: Turns) -> None:
    await turns.add(turn("old", expires=NOW))
    await turns.add(turn("new"))
    assert await turns.sweep(NOW) == 1
    assert await turns.sweep(NOW) == 0
    assert len(await turns.until("new", "k", NOW)) == 1


ODD = ["a\0b", "\0", "\ud800", "a\udfffé"]
"""Texts that some or all databases can't hold. Clients send them as ids, providers in their answers."""


@pytest.mark.parametrize("text", ODD, ids=ascii)
async def test_an_id_that_cannot_be_stored_is_not_found(turns: Turns, text: str) -> None:
    assert await turns.until(text, "k", NOW) == []
    assert await turns.until("1", text, NOW) == []
    assert not await turns.remove(text, text)


@pytest.mark.parametrize("text", ODD, ids=ascii)
async def test_a_text_that_cannot_be_stored_loses_no_turn(turns: Turns, text: str) -> None:
    await turns.add(turn("1", deployment=text, items=text, output=text, answer=text))
    await turns.add(turn(text, text))
    (kept,) = await turns.until("1", "k", NOW)
    assert "\ufffd" in kept.answer
