"""What a reply's headers and the ledger tell of a request, compared with what the simulator would have billed."""

from __future__ import annotations

import re
import time
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.backends import EVERY, WIRES, Backend
from tests.e2e.clients import EVERY_DIALECT, Client, every_like_client
from tests.e2e.stage import CACHED_PRICE, INPUT_PRICE, OUTPUT_PRICE, Stage, counted, faulty
from tests.support.aimock import case

CLIENTS = EVERY_DIALECT
MILLIONTH = 1_000_000  # picodollars a token for each USD per 1M tokens
PROMPT = "one two three four five six"
wires = pytest.mark.parametrize("provider", WIRES)


def cost(usage: dict[str, Any]) -> int:
    """In picodollars, at the prices of the shared server's providers."""
    plain = usage["input"] - usage["cached_input"]  # none of them has a price of its own for writing to the cache
    usd = plain * INPUT_PRICE + usage["cached_input"] * Decimal(str(CACHED_PRICE)) + usage["output"] * OUTPUT_PRICE
    return int(usd * MILLIONTH)


@pytest.mark.parametrize("backend", EVERY)
async def test_every_reply_says_who_gave_it(stage: Stage, client: Client, backend: Backend, stream: bool) -> None:
    headers = await client.headers(backend.model, case("text").prompt, stream=stream)
    fields = {name: headers[f"x-turnout-{name}"] for name in ("model", "provider", "attempts")}
    assert fields == {"model": backend.model, "provider": backend.provider_name, "attempts": "1"}
    story = await stage.story(headers["x-request-id"])
    (attempt,) = story["attempts"]
    assert attempt["deployment"] == headers["x-turnout-deployment"]
    assert (attempt["dialect"], attempt["model"], attempt["stream"]) == (client.dialect, backend.model, stream)
    assert (attempt["key_id"], attempt["user"]) == ("team", "alice")
    assert (attempt["outcome"], attempt["status"]) == ("ok", 200)


@wires
@pytest.mark.parametrize("what", ["", "cached", "thinking"], ids=["plain", "cached", "thinking"])
async def test_the_ledger_has_what_the_provider_would_bill(
    stage: Stage, client: Client, provider: str, what: str, stream: bool
) -> None:
    model = faulty(provider, what)
    began = time.time()
    headers = await client.headers(model, PROMPT, stream=stream)
    story = await stage.story(headers["x-request-id"])
    (attempt,), billed = story["attempts"], (await stage.attempts(model))[-1]
    usage = attempt["usage"]
    assert (usage["input"], usage["output"], usage["source"]) == (billed["tokens_in"], billed["tokens_out"], "reported")
    assert usage["cached_input"] == (3 if what == "cached" and provider != "ollama" else 0)
    assert usage["reasoning"] == (9 if what == "thinking" and provider in ("openai", "gemini", "anthropic") else 0)
    assert attempt["cost"] == story["cost"] == cost(usage)
    assert Decimal(story["cost_usd"]) == Decimal(story["cost"]) / 10**12
    assert attempt["price_version"] == "config"
    assert abs(attempt["started"] / 1e6 - began) < 5


@wires
async def test_a_whole_answers_cost_is_in_its_headers(stage: Stage, client: Client, provider: str) -> None:
    headers = await client.headers(faulty(provider, ""), PROMPT)
    story = await stage.story(headers["x-request-id"])
    assert headers["x-turnout-cost-usd"] == story["cost_usd"] == "0.000138"


@wires
async def test_times_are_measured(stage: Stage, client: Client, provider: str) -> None:
    """First token and total count from the attempt's start; microseconds."""
    headers = await client.headers(faulty(provider, "slow-first-200-slow-between-20"), PROMPT, stream=True)
    (attempt,) = (await stage.story(headers["x-request-id"]))["attempts"]
    assert 200_000 <= attempt["first_token"] < 1_000_000
    assert attempt["total"] >= attempt["first_token"] + 6 * 20_000
    assert 0 <= attempt["queue"] < 1_000_000


async def test_a_later_attempts_queue_is_what_the_request_waited_before(stage: Stage, client: Client) -> None:
    headers = await client.headers(faulty("openai", "slow-headers-100-status-503-times-1"), PROMPT)
    first, second = (await stage.story(headers["x-request-id"]))["attempts"]
    assert first["queue"] < 100_000 <= second["queue"]


@every_like_client
@wires
async def test_a_failed_attempt_costs_nothing_and_says_why(stage: Stage, client: Client, provider: str) -> None:
    model = faulty(provider, "status-403")
    with pytest.raises(client.error("PermissionDeniedError")) as refused:
        await client.ask(model, PROMPT)
    story = await stage.story(refused.value.response.headers["x-request-id"])
    (attempt,) = story["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["error_code"]) == ("failed", 403, "upstream_unauthenticated")
    assert attempt["error"].startswith(f"{provider} answered 403: The simulator was told to answer 403.")
    assert (attempt["usage"], story["cost"]) == (None, None)


async def test_requests_have_ids_of_their_own(stage: Stage, client: Client) -> None:
    ids = [(await client.headers("echo", PROMPT))["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"req_[0-9a-f]+", request_id) for request_id in ids)


async def test_a_request_that_never_was_is_not_found(stage: Stage) -> None:
    reply = await stage.get("/v1/requests/req_never")
    assert reply.status == 404
    assert "There is no request 'req_never'" in reply.json["error"]["message"]


async def test_metrics_count_what_the_ledger_has(stage: Stage, client: Client) -> None:
    model = faulty("anthropic", "")
    for stream in (False, True):
        await client.headers(model, PROMPT, stream=stream)
    labels = {"model": model, "outcome": "ok"}
    metrics = await stage.metrics()
    assert counted(metrics, "turnout_attempt_seconds_count", **labels) == 2
    assert counted(metrics, "turnout_first_token_seconds_count", **labels) == 2
    assert counted(metrics, "turnout_tokens_total", kind="input", **labels) == 12
    assert counted(metrics, "turnout_tokens_total", kind="output", **labels) == 16
    assert counted(metrics, "turnout_cost_usd_total", **labels) == pytest.approx(2 * 0.000138)
    assert counted(metrics, "turnout_request_seconds_count", model=model, dialect=client.dialect, status="200") == 2
