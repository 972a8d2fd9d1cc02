"""Signs of life while a stream waits, and what may still happen to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server.inference.test_answers import Client, Place, Probe, place_in
from tests.support.raw_upstream import Visit
from turnout import ticker
from turnout.errors import Overloaded

COMMENT = b": keepalive\n\n"


async def silent(visit: Visit) -> None:
    await visit.request()
    await visit.until_left()


@pytest.fixture(autouse=True)
def quick_ticker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "INTERVAL", 0.005)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with place_in(tmp_path, keepalive=0.01) as opened:
        opened.upstream.script = silent
        yield opened


async def waiting(place: Place, count: int = 1) -> Client:
    """A client that has got so many signs of life, and nothing else."""
    client = Client(place, stream=True)
    while len(client.sent) <= count:
        client.has_sent.clear()
        await client.begun()
    return client


async def test_signs_of_life_go_on(place: Place) -> None:
    client = await waiting(place, count=3)
    client.leaves.set()
    await client.done()
    assert client.status == 200
    assert client.headers.keys() == {"content-type", "x-request-id", "x-turnout-model", "cache-control"}
    assert client.headers["x-turnout-model"] == "up"
    assert client.body == COMMENT * (len(client.sent) - 1)
    assert not client.complete


async def test_a_waiting_stream_that_the_server_stops_says_so_and_ends(place: Place) -> None:
    client = await waiting(place)
    client.state["refuse_with"] = Overloaded("Going down.")
    client.served.cancel()
    await client.done()
    assert client.complete
    assert b"Going down." in client.body


async def test_nothing_is_sent_after_the_end(place: Place) -> None:
    client = await waiting(place)
    client.leaves.set()
    await client.done()
    sent = len(client.sent)
    await asyncio.wait_for(Probe(place.app.gateway.ticker).passed.wait(), 5)
    assert len(client.sent) == sent
    assert await place.in_flight() == 0


async def test_without_keepalive_nothing_is_sent(tmp_path: Path) -> None:
    async with place_in(tmp_path, keepalive=0) as place:
        place.upstream.script = silent
        client = Client(place, stream=True)
        await asyncio.wait_for(Probe(place.app.gateway.ticker).passed.wait(), 5)
        assert client.sent == []
        client.leaves.set()
        await client.done()
