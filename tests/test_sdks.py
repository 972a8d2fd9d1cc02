"""The SDKs' clients, as tests share them, do not outlive the event loop that their connections belong to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.sdks import Question, anthropic, gemini, ollama, openai
from tests.support.sdks.loops import one_for_each_loop
from turnout import simulator

SDKS: dict[str, Any] = {"openai": openai, "anthropic": anthropic, "gemini": gemini, "ollama": ollama}


class Connection:
    closed_in: asyncio.AbstractEventLoop | None = None

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed_in = asyncio.get_running_loop()


@one_for_each_loop(Connection.close)
def connection(_name: str = "") -> Connection:
    return Connection()


def test_one_lives_as_long_as_its_loop() -> None:
    async def ask() -> tuple[Connection, asyncio.AbstractEventLoop]:
        assert connection() is connection()
        assert connection("another") is not connection()
        assert connection().closed_in is None
        return connection(), asyncio.get_running_loop()

    (first, its_loop), (second, _) = asyncio.run(ask()), asyncio.run(ask())
    assert first is not second
    assert first.closed_in is its_loop


@pytest.mark.parametrize("name", SDKS)
def test_an_idle_connection_ends_with_its_loop(name: str) -> None:
    """Else the next loop's client would find it expired and couldn't close it: "Event loop is closed"."""

    async def ask() -> Any:
        async with simulator.start() as upstream:
            client = SDKS[name].client(f"{upstream.url}/v1" if name == "openai" else upstream.url)
            reply = await SDKS[name].ask(client, Question(prompt="Hello.", model="m"), stream=False)
            assert reply.text
            return client

    first, second = asyncio.run(ask()), asyncio.run(ask())
    assert first is not second
    for client in (first, second):
        sdk = getattr(client, "_client", None) or client._api_client._async_httpx_client
        assert sdk.is_closed
