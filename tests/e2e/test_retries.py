"""Before the first byte a request may be tried again, there or elsewhere. Counted and timed in the simulator's log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.backends import WIRES
from tests.e2e.clients import Client
from tests.e2e.stage import Stage, faulty
from tests.support.turnout_server import NOBODY

PASSING = ["status-408", "status-429", "status-500", "status-502", "status-503", "status-529"]
LASTING = [400, 401, 403, 404, 422]
wires = pytest.mark.parametrize("provider", WIRES)


async def failure_of(client: Client, model: str, *, stream: bool = False) -> Any:
    with pytest.raises(client.error("APIStatusError")) as caught:
        await client.ask(model, "Hello.", stream=stream)
    return caught.value


@wires
@pytest.mark.parametrize("fault", PASSING)
async def test_a_passing_failure_is_tried_again(
    stage: Stage, client: Client, provider: str, fault: str, stream: bool
) -> None:
    model = faulty(provider, f"{fault}-times-2")
    headers = await client.headers(model, "Hello.", stream=stream)
    assert headers["x-turnout-attempts"] == "3"
    assert len(await stage.attempts(model)) == 3
    story = await stage.story(headers["x-request-id"])
    assert [attempt["outcome"] for attempt in story["attempts"]] == ["failed", "failed", "ok"]


@wires
async def test_a_reset_is_tried_again(stage: Stage, client: Client, provider: str, stream: bool) -> None:
    """A kept connection that is reset is replaced within an attempt, so there may be fewer of them than resets."""
    model = faulty(provider, "reset-times-2")
    headers = await client.headers(model, "Hello.", stream=stream)
    assert len(await stage.attempts(model)) == 3
    outcomes = [attempt["outcome"] for attempt in (await stage.story(headers["x-request-id"]))["attempts"]]
    assert headers["x-turnout-attempts"] == str(len(outcomes))
    assert outcomes in (["failed", "ok"], ["failed", "failed", "ok"])


@wires
@pytest.mark.parametrize("status", LASTING)
async def test_a_lasting_failure_is_not_tried_again(
    stage: Stage, client: Client, provider: str, status: int, stream: bool
) -> None:
    model = faulty(provider, f"status-{status}")
    assert (await failure_of(client, model, stream=stream)).status_code == status
    assert len(await stage.attempts(model)) == 1


@wires
async def test_tries_have_an_end(stage: Stage, client: Client, provider: str, stream: bool) -> None:
    """The reply tells how often was tried, and who failed last."""
    model = faulty(provider, "status-503")
    headers = (await failure_of(client, model, stream=stream)).response.headers
    assert len(await stage.attempts(model)) == 3
    fields = {name: headers[f"x-turnout-{name}"] for name in ("model", "provider", "deployment", "attempts")}
    assert fields == {"model": model, "provider": provider, "deployment": model, "attempts": "3"}


@pytest.mark.parametrize("form", ["retry", "retry-date"], ids=["seconds", "date"])
async def test_retry_after_is_waited_for(stage: Stage, form: str) -> None:
    """A date counts from the next whole second, so it may take one more. The event loop counts in milliseconds."""
    client = Client("openai", stage.turnout.url)
    models = [faulty(provider, f"status-429-{form}-1-times-1") for provider in WIRES]
    await asyncio.gather(*(client.headers(model, "Hello.", stream=True) for model in models))
    for model in models:
        refused, answered = await stage.attempts(model)
        assert 0.99 <= answered["started"] - refused["started"] < 2.5


@wires
async def test_a_wait_that_is_too_long_is_left_to_the_client(stage: Stage, client: Client, provider: str) -> None:
    model = faulty(provider, "status-429-retry-30")
    error = await failure_of(client, model)
    assert (error.status_code, error.response.headers["retry-after"]) == (429, "30")
    assert len(await stage.attempts(model)) == 1


async def test_the_next_deployment_answers(stage: Stage, client: Client, stream: bool) -> None:
    headers = await client.headers("second-answers", "Hello.", stream=stream)
    fields = {name: headers[f"x-turnout-{name}"] for name in ("model", "provider", "deployment", "attempts")}
    assert fields == {
        "model": "second-answers",
        "provider": "anthropic",
        "deployment": "anthropic/sim-id-second",
        "attempts": "4",
    }
    story = await stage.story(headers["x-request-id"])
    providers = [(attempt["provider"], attempt["outcome"]) for attempt in story["attempts"]]
    assert providers == [("openai", "failed")] * 3 + [("anthropic", "ok")]


async def test_a_fallback_model_answers(client: Client, stream: bool) -> None:
    headers = await client.headers("fallback-answers", "Hello.", stream=stream)
    assert headers["x-turnout-deployment"] == "anthropic/sim-id-second"
    assert headers["x-turnout-model"] == "fallback-answers"
    assert headers["x-turnout-attempts"] == "5"


async def test_a_request_at_fault_is_not_sent_elsewhere(stage: Stage, client: Client) -> None:
    assert (await failure_of(client, "request-at-fault")).status_code == 400
    assert await stage.attempts("openai/sim-id-never") == []


async def test_when_all_fail_one_error_names_each_and_why(client: Client, stream: bool) -> None:
    error = await failure_of(client, "all-fail", stream=stream)
    assert error.status_code == 502
    fields = error.body if client.dialect == "openai" else error.body["error"]
    assert fields["code"] == "all_deployments_failed"
    failures = {failure["deployment"]: failure["status"] for failure in fields["failures"]}
    assert failures == {  # in any order: those that failed in an earlier test are asked last
        "openai/sim-status-500-id-all": 500,
        "anthropic/sim-status-401-id-all": 401,
        "ollama/gone": 502,
        "gemini/sim-status-429-id-all": 429,
    }
    for failure in fields["failures"]:
        assert f"{failure['deployment']}: {failure['message']}" in fields["message"]
    assert f"{NOBODY} refused the connection. Is it running? Start it with: ollama serve" in fields["message"]
    assert "Check the key in ANTHROPIC_API_KEY" in fields["message"]


async def test_when_all_are_busy_the_shortest_wait_is_told(client: Client) -> None:
    error = await failure_of(client, "all-are-busy")
    assert (error.status_code, error.response.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize(
    ("provider", "start"),
    [
        ("vllm", "vllm serve <model> --port 8000"),
        ("llamacpp", "llama-server -m model.gguf --port 8080"),
        ("ollama", "ollama serve"),
    ],
)
async def test_a_server_that_is_not_there_says_how_to_start_it(
    client: Client, provider: str, start: str, stream: bool
) -> None:
    error = await failure_of(client, f"nobody-{provider}", stream=stream)
    assert f"{NOBODY} refused the connection. Is it running? Start it with: {start}" in error.message
    assert error.status_code == 502


async def test_an_address_where_nobody_is_gets_named(client: Client) -> None:
    error = await failure_of(client, "nobody-openai")
    assert f"{NOBODY} refused the connection." in error.message


@wires
async def test_a_reset_before_the_answer_is_told_once_tries_are_over(
    stage: Stage, client: Client, provider: str, stream: bool
) -> None:
    model = faulty(provider, "reset")
    error = await failure_of(client, model, stream=stream)
    assert f"{stage.simulator.root} closed the connection before it answered" in error.message
    assert error.status_code == 502
    assert len(await stage.attempts(model)) >= 3


async def test_a_provider_that_never_answers_is_left(client: Client, stream: bool) -> None:
    """A stream has its time to the first token, a whole answer the time for all of it."""
    models = [f"impatient-no-reply-{provider}" for provider in WIRES]
    for error in await asyncio.gather(*(failure_of(client, model, stream=stream) for model in models)):
        assert error.status_code == 504
        assert f"did not begin to answer within {'0.6' if stream else '1.2'} s" in error.message


@pytest.mark.parametrize("provider", ["gemini", "ollama"])
async def test_a_stream_that_ends_before_its_first_event_is_tried_again(
    stage: Stage, client: Client, provider: str
) -> None:
    """These wires begin with content; the others with an opening that has been passed on by then."""
    model = faulty(provider, "cut-stream-after-0-times-1")
    headers = await client.headers(model, "Hello.", stream=True)
    assert headers["x-turnout-attempts"] == "2"
