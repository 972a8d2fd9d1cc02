"""A client that leaves cancels the work for it; nobody else does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from turnout import ticker
from turnout.server.inference import departure
from turnout.server.inference.departure import Departure
from turnout.ticker import Ticker


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "INTERVAL", 0.005)
    monkeypatch.setattr(departure, "GRACE", 0.03)


class Client:
    """The other side of ``receive``."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = list(messages)
        self._left = asyncio.Event()
        self.receives = 0

    async def receive(self) -> dict[str, Any]:
        self.receives += 1
        if self._messages:
            return self._messages.pop(0)
        await self._left.wait()
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        self._left.set()


async def serve(client: Client, seconds: float) -> Departure:
    """Works for so long, and stops. Raises ``CancelledError`` when that was cut short."""
    watched = Departure(Ticker(), client.receive)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if not watched.gone:
            raise
    finally:
        watched.stop()
    return watched


async def ended(client: Client) -> Departure:
    """Works without end: only the client's departure ends that."""
    task = asyncio.create_task(serve(client, 60))
    done, _ = await asyncio.wait({task}, timeout=5)
    task.cancel()
    assert done, "the departure did not cancel the work"
    return task.result()


async def test_short_work_never_asks_whether_the_client_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departure, "GRACE", 60)
    client = Client()
    served = await serve(client, 0.01)
    assert (served.gone, client.receives) == (False, 0)


async def test_a_client_that_stays_is_served() -> None:
    client = Client()
    served = await serve(client, 0.1)
    assert (served.gone, client.receives) == (False, 1)


async def test_a_client_that_leaves_ends_the_work() -> None:
    client = Client({"type": "http.request"})
    asyncio.get_running_loop().call_later(0.06, client.leave)
    assert (await ended(client)).gone


async def test_a_client_that_left_at_once_is_noticed_after_the_grace() -> None:
    client = Client()
    client.leave()
    assert (await ended(client)).gone


async def test_a_cancellation_from_outside_is_no_departure() -> None:
    client = Client()
    task = asyncio.create_task(serve(client, 5))
    await asyncio.sleep(0.06)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("after", [0.0, 0.06], ids=["before-the-grace", "after-it"])
async def test_after_its_stop_nothing_is_cancelled_any_more(after: float) -> None:
    client = Client()
    watched = Departure(Ticker(), client.receive)
    await asyncio.sleep(after)
    watched.stop()
    client.leave()
    await asyncio.sleep(0.06)
    task = asyncio.current_task()
    assert task is not None
    assert (watched.gone, task.cancelling()) == (False, 0)


async def test_a_departure_at_the_end_of_the_answer_never_cancels_without_a_reason() -> None:
    """A cancelled request always has the reason."""

    for step in range(20):
        client = Client()
        asyncio.get_running_loop().call_later(0.04 + step * 0.0005, client.leave)
        await asyncio.wait_for(serve(client, 0.045), 1)
