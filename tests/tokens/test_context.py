"""The requests that are refused before they are sent, and those that are left to the provider."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from tests.tokens.support import chat, deployment, message
from turnout.core import (
    ChatRequest,
    Deployment,
    EmbeddingRequest,
    Image,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    WireBody,
)
from turnout.errors import ContextTooLong, Unsupported
from turnout.tokens import ContextCheck, count
from turnout.tokens import context as room
from turnout.tokens.context import texts_of

CHECK = ContextCheck()


def from_the_wire(text: str, **fields: Any) -> ChatRequest:
    body = msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": text}]})
    raw = WireBody("openai-chat", msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    return chat(text, raw=raw, **fields)


async def check(request: Request, target: Deployment) -> None:
    """As the engine does it."""
    if CHECK.concerns(request, target):
        await CHECK.prepare(request, target)


@pytest.fixture
def never_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(*_: object) -> None:
        raise AssertionError("there was no need to count")

    monkeypatch.setattr(room, "count", counted)


@pytest.mark.usefixtures("never_counted")
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(from_the_wire("a" * 900), id="short"),
        pytest.param(chat("a" * 1000), id="from-the-library"),
        pytest.param(chat("hi", Image(data="A" * 100_000, media_type="image/png")), id="a-large-image"),
        pytest.param(EmbeddingRequest(model="m", inputs=("a" * 9999,)), id="not-chat"),
    ],
)
async def test_what_can_not_be_too_long_is_not_counted(request_: ChatRequest) -> None:
    await check(request_, deployment(context=1000))


@pytest.mark.usefixtures("never_counted")
async def test_nothing_is_refused_where_nothing_is_known() -> None:
    await check(from_the_wire("a " * 10_000, max_output=10**6), deployment())


@pytest.mark.parametrize("make", [chat, from_the_wire], ids=["library", "wire"])
async def test_an_exact_count_refuses_at_the_limit(make: Any) -> None:
    request = make("word " * 1000)
    exact = count(request, deployment()).tokens
    await check(request, deployment(context=exact))
    with pytest.raises(ContextTooLong) as refused:
        await check(request, deployment(context=exact - 1))
    error = refused.value
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", None)
    assert (error.kind, error.tokens, error.limit) == ("context", exact, exact - 1)
    assert error.message == (
        f"The request has {exact} tokens, but gpt-4o takes {exact - 1} at most. Send less, or ask for a model with a"
        " larger context."
    )
    assert isinstance(error, Unsupported)  # so that the next deployment is asked


async def test_an_estimate_refuses_only_what_is_surely_too_long() -> None:
    request = chat("word " * 1000)
    claude = {"model": "claude-sonnet-4-5", "tokenizer": "claude-4.5"}
    about = count(request, deployment(**claude)).tokens
    await check(request, deployment(**claude, context=round(about * 0.81)))
    with pytest.raises(ContextTooLong, match=rf"has about {about} tokens, but claude-sonnet-4-5 takes"):
        await check(request, deployment(**claude, context=round(about * 0.79)))


async def test_the_length_of_the_answer_is_the_providers_to_judge() -> None:
    await check(chat("word " * 900, max_output=900), deployment(context=1000, max_output=1000))
    await check(chat("hi", max_output=16_385), deployment(context=128_000, max_output=16_384))


def test_the_size_in_bytes_covers_everything_that_is_read() -> None:
    request = ChatRequest(
        model="m",
        messages=(
            message("äöü", Text("", {"x": {"block": msgspec.Raw(b"12345")}})),
            message(ToolCall("c", "tool", "{}"), role="assistant"),
            message(ToolResult("c", (Text("0123456789"),)), role="tool"),
        ),
        tools=(Tool("name", "what", msgspec.Raw(b'{"type":"object"}')),),
    )
    assert sum(map(len, texts_of(request))) == 6 + 5 + (4 + 2) + 10 + (4 + 4 + 17)


async def test_an_ordinary_request_is_looked_at_in_no_time() -> None:
    """Takes microseconds at most, even on a busy machine; docs/tokens.md has the figure."""
    request, target = from_the_wire("a" * 2000), deployment(context=128_000, max_output=16_384)
    best = min([await _seconds(request, target) for _ in range(5)])
    assert best < 5e-6


async def _seconds(request: ChatRequest, target: Any) -> float:
    began = time.perf_counter()
    for _ in range(1000):
        await check(request, target)
    return (time.perf_counter() - began) / 1000


async def test_a_large_request_is_counted_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    threads: list[int] = []

    def counted(request: ChatRequest, deployment: Any) -> Any:
        threads.append(threading.get_ident())
        return count(request, deployment)

    monkeypatch.setattr(room, "count", counted)
    await check(chat("word " * 1000), deployment(context=1050))
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize(("wire", "passes"), [("ollama", True), ("ollama-generate", True), ("openai-chat", False)])
async def test_an_engine_shortens_for_clients_of_its_own_wire(wire: str, passes: bool) -> None:
    """Ollama drops the first turns. A client of another dialect doesn't expect that."""
    request = from_the_wire("word " * 1000)
    request = msgspec.structs.replace(request, raw=WireBody(wire, request.raw.fields if request.raw else {}))
    tight = msgspec.structs.replace(deployment(context=10), provider="ollama")
    tight = msgspec.structs.replace(tight, traits=msgspec.structs.replace(tight.traits, shortens=True))
    if passes:
        await check(request, tight)
    else:
        with pytest.raises(ContextTooLong):
            await check(request, tight)
