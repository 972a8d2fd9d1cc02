"""A client that leaves: the provider stops working within a second, and what it did is accounted for."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from tests.e2e.backends import WIRES
from tests.e2e.clients import EVERY_DIALECT, Client
from tests.e2e.stage import TEAM_KEY, Stage, counted, faulty
from tests.simulator.raw import send

CLIENTS = EVERY_DIALECT
PROMPT = "one two three four five six"
wires = pytest.mark.parametrize("provider", WIRES)


def has_ended(attempt: dict[str, Any]) -> bool:
    return bool(attempt["outcome"] != "open")


async def leave_a_stream(stage: Stage, client: Client, model: str, events: int) -> str:
    """Reads so many lines that say something, then closes the connection. The request's id."""
    path, body = client.plain(model, PROMPT, stream=True)
    reader, writer = await send(stage.turnout.url + path, body, {"authorization": f"Bearer {TEAM_KEY}"})
    head = await reader.readuntil(b"\r\n\r\n")
    for _ in range(events):
        while b"{" not in await reader.readline():
            pass
    writer.close()
    (request_id,) = re.findall(r"x-request-id: (\S+)", head.decode())
    return str(request_id)


async def leave_before_the_answer(stage: Stage, client: Client, model: str, *, stream: bool) -> None:
    """Gives up once the provider has the request."""
    asking = asyncio.create_task(client.ask(model, PROMPT, stream=stream))
    await stage.attempt(model)
    asking.cancel()
    await asyncio.wait([asking])


async def test_the_provider_is_stopped_in_the_middle_of_a_stream(stage: Stage, client: Client) -> None:
    async def left(provider: str) -> None:
        model = faulty(provider, "words-1000-slow-between-50")
        request_id = await leave_a_stream(stage, client, model, events=5)
        at = time.time()
        seen = await stage.attempt(model, has_ended)
        assert seen["outcome"] == "client_left"
        assert seen["ended"] - at < 1
        (attempt,) = (await stage.story(request_id))["attempts"]
        assert (attempt["outcome"], attempt["finish"]) == ("client_gone", None)
        assert attempt["usage"]["source"] == "interrupted"

    await asyncio.gather(*(left(provider) for provider in WIRES))


async def test_the_provider_is_stopped_before_it_answers(stage: Stage, client: Client, stream: bool) -> None:
    async def left(provider: str) -> str:
        model = faulty(provider, "slow-headers-60000")
        await leave_before_the_answer(stage, client, model, stream=stream)
        at = time.time()
        seen = await stage.attempt(model, has_ended)
        assert seen["outcome"] == "client_left"
        assert seen["ended"] - at < 1
        return model

    models = await asyncio.gather(*(left(provider) for provider in WIRES))
    metrics = await stage.metrics()  # once: it tells of every model that a test has asked for
    for model in models:
        assert counted(metrics, "turnout_attempt_seconds_count", model=model, outcome="client_gone") == 1
        assert counted(metrics, "turnout_request_seconds_count", model=model, status="499") == 1


async def test_nothing_is_tried_again_for_a_client_that_left(stage: Stage, client: Client) -> None:
    """It leaves while Turnout waits for the 4 s that the provider asked for, which are over then."""
    model = faulty("openai", "status-429-retry-4")
    asking = asyncio.create_task(client.ask(model, PROMPT))
    await stage.attempt(model, has_ended)
    asking.cancel()
    await asyncio.wait([asking])
    left = time.monotonic()
    while not await stage.counted("turnout_request_seconds_count", model=model, status="499"):
        assert time.monotonic() - left < 3
        await asyncio.sleep(0.02)
    assert len(await stage.attempts(model)) == 1


@wires
async def test_the_usage_of_an_unfinished_answer_is_estimated(stage: Stage, client: Client, provider: str) -> None:
    """Close to what the provider would bill for it, in either way to lose the rest."""
    broken, left = faulty(provider, "words-40-cut-stream-after-20"), faulty(provider, "words-1000-slow-between-20")
    reply = await stage.post(*client.plain(broken, PROMPT, stream=True))
    request_ids = {
        broken: reply.headers["x-request-id"],
        left: await leave_a_stream(stage, client, left, events=12),
    }
    for model, request_id in request_ids.items():
        billed = await stage.attempt(model, has_ended)
        (attempt,) = (await stage.story(request_id))["attempts"]
        usage = attempt["usage"]
        assert usage["source"] == "interrupted"
        assert abs(usage["input"] - billed["tokens_in"]) <= 2
        assert (
            0.5 <= usage["output"] / billed["tokens_out"] <= 3
        )  # "word17" is one of its tokens, but three of a real one
        assert attempt["cost"] == 3_000_000 * usage["input"] + 15_000_000 * usage["output"]
