"""The log of attempts: their requests, the tokens that they would cost, and when the client left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.simulator.raw import PATIENCE, SILENCE, ask, send
from turnout.simulator import Attempt, Simulator, fingerprint, log
from turnout.simulator.http import Request

CHAT = "/v1/chat/completions"
SECRET = "sk-never-to-be-seen-zyxw"


def body(model: str, *, stream: bool = True) -> dict[str, object]:
    return {"model": model, "stream": stream, "messages": [{"role": "user", "content": "one two three"}]}


async def until(simulated: Simulator, condition: Callable[[Attempt], bool]) -> Attempt:
    """Waits until the last attempt meets the condition, and returns it."""
    for _ in range(2000):
        if simulated.attempts and condition(simulated.attempts[-1]):
            return simulated.attempts[-1]
        await asyncio.sleep(0.001)
    raise AssertionError(f"never came true: {simulated.attempts}")


async def test_an_attempt_is_shown_in_full(fresh: Simulator) -> None:
    before = time.time()
    reply = await ask(fresh.url + CHAT, body("sim-id-x"), {"authorization": f"Bearer {SECRET}"})
    [attempt] = (await ask(f"{fresh.url}/__simulator/attempts")).json
    assert before <= attempt.pop("started") <= attempt.pop("ended") <= time.time()
    assert attempt == {
        "number": 1,
        "path": CHAT,
        "wire": "openai",
        "simulate": "",
        "key": fingerprint(SECRET),
        "model": "sim-id-x",
        "stream": True,
        "status": 200,
        "tokens_in": 3,
        "tokens_out": 5,
        "events": 8,
        "bytes": len(reply.raw),
        "outcome": "completed",
        "refused": "",
    }


@pytest.mark.parametrize(
    ("path", "request_", "wire"),
    [
        ("/openai/v1/chat/completions", body("sim"), "azure"),
        ("/vllm/v1/chat/completions", body("sim"), "vllm"),
        ("/llamacpp/v1/chat/completions", body("sim"), "llamacpp"),
        ("/completion", {"prompt": "one"}, "llamacpp-completion"),
        ("/generate", {"prompt": "one"}, "vllm-generate"),
        ("/v1/messages", {**body("sim"), "max_tokens": 9}, "anthropic"),
        ("/v1/messages/count_tokens", {"model": "sim", "messages": body("sim")["messages"]}, "anthropic-count"),
        ("/v1beta/models/sim:generateContent", {"contents": [{"parts": [{"text": "one"}]}]}, "gemini"),
        ("/v1beta/models/sim:countTokens", {"contents": [{"parts": [{"text": "one"}]}]}, "gemini-count"),
        ("/v1beta/models/sim:embedContent", {"content": {"parts": [{"text": "one"}]}}, "gemini-embed"),
        ("/api/chat", body("sim"), "ollama"),
        ("/api/generate", {"model": "sim", "prompt": "one"}, "ollama-generate"),
        ("/api/embed", {"model": "sim", "input": "one"}, "ollama-embed"),
        ("/api/embeddings", {"model": "sim", "prompt": "one"}, "ollama-embeddings"),
        ("/v1/completions", {"model": "sim", "prompt": "one"}, "openai-completions"),
        ("/vllm/v1/embeddings", {"model": "sim", "input": "one"}, "vllm-embeddings"),
        ("/v1/responses", {"model": "sim", "input": "one"}, "openai-responses"),
        ("/openai/v1/images/generations", {"model": "sim", "prompt": "one"}, "azure-images"),
        ("/v1/audio/speech", {"model": "sim", "input": "one", "voice": "alloy"}, "openai-speech"),
    ],
)
async def test_an_attempt_tells_its_wire(fresh: Simulator, path: str, request_: dict[str, object], wire: str) -> None:
    await ask(fresh.url + path, request_, {"anthropic-version": "2023-06-01"})
    assert [(attempt.wire, attempt.status) for attempt in fresh.attempts] == [(wire, 200)]


async def test_one_models_attempts_can_be_asked_for(fresh: Simulator) -> None:
    for model in ("sim-id-x", "sim-id-y", "sim-id-x"):
        await ask(fresh.url + CHAT, body(model))
    shown = await ask(f"{fresh.url}/__simulator/attempts?model=sim-id-x")
    assert [(attempt["number"], attempt["model"]) for attempt in shown.json] == [(1, "sim-id-x"), (3, "sim-id-x")]


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": f"Bearer {SECRET}"}, ""),
        ({"x-api-key": SECRET}, ""),
        ({"api-key": SECRET}, ""),
        ({"x-goog-api-key": SECRET}, ""),
        ({}, f"?key={SECRET}"),
    ],
    ids=["bearer", "anthropic", "azure", "gemini", "gemini-query"],
)
async def test_keys_are_told_apart_but_not_told(fresh: Simulator, headers: dict[str, str], query: str) -> None:
    await ask(fresh.url + CHAT + query, body("sim"), headers)
    shown = await ask(f"{fresh.url}/__simulator/attempts")
    assert shown.json[0]["key"] == fingerprint(SECRET)
    assert SECRET[-4:].encode() not in shown.raw


@pytest.mark.parametrize(
    ("model", "stream", "outcome", "status", "tokens_in", "tokens_out"),
    [
        pytest.param("sim", False, "completed", 200, 3, 5, id="unary"),
        pytest.param("sim-status-500", True, "completed", 500, 0, 0, id="an error is billed nothing"),
        pytest.param("sim-nonsense", True, "completed", 400, 0, 0, id="so is a bad request"),
        pytest.param("sim-reset", True, "cut", 0, 0, 0, id="reset before the headers"),
        pytest.param("sim-cut-stream-after-2", True, "cut", 200, 3, 2, id="cut: what was sent"),
        pytest.param("sim-cut-stream", False, "cut", 200, 3, 5, id="cut unary: all was made"),
        pytest.param("sim-no-end", True, "cut", 200, 3, 5, id="no end"),
        pytest.param("sim-malformed", True, "cut", 200, 3, 5, id="malformed"),
        pytest.param("sim-error-after-2", True, "cut", 200, 3, 2, id="error event"),
    ],
)
async def test_what_would_be_billed(
    fresh: Simulator, model: str, stream: bool, outcome: str, status: int, tokens_in: int, tokens_out: int
) -> None:
    await ask(fresh.url + CHAT, body(model, stream=stream))
    seen = fresh.attempts[-1]
    assert (seen.outcome, seen.status, seen.tokens_in, seen.tokens_out) == (outcome, status, tokens_in, tokens_out)


@pytest.mark.parametrize(
    "model",
    ["sim-no-reply", "sim-stall-after-2", "sim-words-1000-slow-between-20", "sim-slow-first-60000"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_client_that_leaves_is_noticed_at_once(fresh: Simulator, model: str, stream: bool) -> None:
    if not stream:
        model = model.replace("words-1000-slow-between-20", "slow-headers-60000")
    _, writer = await send(fresh.url + CHAT, body(model, stream=stream))
    waiting = await until(fresh, lambda attempt: attempt.model == model)
    assert waiting.outcome == "open"
    left = time.time()
    writer.close()
    seen = await until(fresh, lambda attempt: attempt.outcome != "open")
    assert seen.outcome == "client_left"
    assert seen.ended is not None
    assert seen.ended - left < 0.5


async def test_a_client_that_leaves_pays_for_what_was_sent(fresh: Simulator) -> None:
    reader, writer = await send(fresh.url + CHAT, body("sim-words-1000-slow-between-5"))
    await reader.readuntil(b'" word4"')
    writer.close()
    seen = await until(fresh, lambda attempt: attempt.outcome == "client_left")
    assert 4 <= seen.tokens_out < 100
    assert seen.tokens_in == 3


async def test_a_client_that_stops_reading_stops_the_stream_and_not_the_others(fresh: Simulator) -> None:
    _, writer = await send(fresh.url + CHAT, body("sim-words-200000"))
    slow = await until(fresh, lambda attempt: attempt.events > 0)
    await ask(fresh.url + CHAT, body("sim"))
    assert fresh.attempts[-1].outcome == "completed"
    before = -1
    while slow.events != before:  # what the network takes in before it is full
        before = slow.events
        await asyncio.sleep(0.02)
    assert slow.outcome == "open"
    assert slow.events < 200_000
    writer.close()


async def test_deleting_clears_the_log_and_the_tries(fresh: Simulator) -> None:
    statuses = []
    for method in ("", "", "DELETE", ""):
        if method:
            assert (await ask(f"{fresh.url}/__simulator/attempts", method=method)).json == []
        else:
            statuses.append((await ask(fresh.url + CHAT, body("sim-status-503-times-1"))).status)
    assert statuses == [503, 200, 503]
    assert len(fresh.attempts) == 1


@pytest.mark.parametrize(
    ("model", "header", "statuses"),
    [
        pytest.param("sim-status-503-times-2", "", [503, 503, 200, 200], id="model"),
        pytest.param("sim", "status-429-times-1", [429, 200, 200, 200], id="header"),
        pytest.param("sim-status-500-times-0", "", [200] * 4, id="never"),
        pytest.param("sim-no-reply-times-1", "", [0, 200, 200, 200], id="no reply"),
    ],
)
async def test_a_fault_strikes_its_number_of_times(
    fresh: Simulator, model: str, header: str, statuses: list[int]
) -> None:
    replies = [
        await ask(fresh.url + CHAT, body(model), {"x-simulate": header}, patience=PATIENCE if status else SILENCE)
        for status in statuses
    ]
    assert [reply.status if reply.reads else 0 for reply in replies] == statuses


async def test_latencies_end_with_the_faults(fresh: Simulator) -> None:
    replies = [
        await ask(fresh.url + CHAT, body("sim-slow-headers-60000-times-1"), patience=patience)
        for patience in (SILENCE, PATIENCE)
    ]
    assert [reply.end for reply in replies] == ["silent", "complete"]


async def test_tries_are_counted_for_each_name(fresh: Simulator) -> None:
    replies = [await ask(fresh.url + CHAT, body(f"sim-status-503-times-1-id-{name}")) for name in "abab"]
    assert [reply.status for reply in replies] == [503, 503, 200, 200]


def test_the_log_is_bounded() -> None:
    full_log = log.Log()
    for _ in range(log.KEPT + 5):
        full_log.begin(path="", wire="", simulate="", key="")
    assert (len(full_log.attempts), full_log.attempts[-1].number) == (log.KEPT, log.KEPT + 5)


def test_the_last_requests_are_kept_word_for_word() -> None:
    """256 of them, and none that is large."""
    kept = log.Log()
    for number in range(257):
        kept.record_request(str(number), Request("POST", "/", {"key": SECRET, "alt": "sse"}, {}, b"\xff"))
    assert (len(kept.requests), kept.requests[0].model) == (256, "1")
    assert (kept.requests[0].query, kept.requests[0].body) == ({"alt": "sse"}, "\ufffd")
    for size in (log.LARGE, log.LARGE + 1):
        kept.record_request(str(size), Request("POST", "/", {}, {}, b"x" * size))
    assert kept.requests[-1].model == str(log.LARGE)
