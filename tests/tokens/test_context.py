"""What is refused before it is sent, and what is left to the provider."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from tests.tokens.support import asking, place, said
from turnout.core import ChatRequest, EmbeddingRequest, Image, Text, Tool, ToolCall, ToolResult, WireBody
from turnout.errors import ContextTooLong, Unsupported
from turnout.tokens import ContextCheck, count
from turnout.tokens import context as room
from turnout.tokens.context import size_of, text_size_of

CHECK = ContextCheck()


def from_the_wire(text: str, **fields: Any) -> ChatRequest:
    body = msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": text}]})
    raw = WireBody("openai-chat", msgspec.json.decode(body, type=dict[str, msgspec.Raw]))
    return asking(text, raw=raw, **fields)


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
        pytest.param(asking("a" * 1000), id="from-the-library"),
        pytest.param(asking("hi", Image(data="A" * 100_000, media_type="image/png")), id="a-large-image"),
        pytest.param(EmbeddingRequest(model="m", inputs=("a" * 9999,)), id="not-chat"),
    ],
)
async def test_what_can_not_be_too_long_is_not_counted(request_: ChatRequest) -> None:
    await CHECK.prepare(request_, place(context=1000))


@pytest.mark.usefixtures("never_counted")
async def test_nothing_is_refused_where_nothing_is_known() -> None:
    await CHECK.prepare(from_the_wire("a " * 10_000, max_output=10**6), place())


@pytest.mark.parametrize("make", [asking, from_the_wire], ids=["library", "wire"])
async def test_an_exact_count_refuses_at_the_limit(make: Any) -> None:
    request = make("word " * 1000)
    exact = count(request, place()).tokens
    await CHECK.prepare(request, place(context=exact))
    with pytest.raises(ContextTooLong) as refused:
        await CHECK.prepare(request, place(context=exact - 1))
    error = refused.value
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "messages")
    assert error.message == (
        f"The request has {exact} tokens, but gpt-4o takes {exact - 1} at most. Send less, or ask for a model with a"
        " larger context."
    )
    assert isinstance(error, Unsupported)  # so that the next deployment is asked


async def test_an_estimate_refuses_only_what_is_surely_too_long() -> None:
    request = asking("word " * 1000)
    here = {"model": "claude-sonnet-4-5", "tokenizer": "claude-4.5"}
    about = count(request, place(**here)).tokens
    await CHECK.prepare(request, place(**here, context=round(about * 0.81)))
    with pytest.raises(ContextTooLong, match=rf"has about {about} tokens, but claude-sonnet-4-5 takes"):
        await CHECK.prepare(request, place(**here, context=round(about * 0.79)))


async def test_a_longer_answer_than_the_model_gives_is_refused() -> None:
    here = place(context=128_000, max_output=16_384)
    await CHECK.prepare(asking("hi", max_output=16_384), here)
    with pytest.raises(ContextTooLong, match=r"An answer of 16385 tokens .* gpt-4o gives 16384 at most") as refused:
        await CHECK.prepare(asking("hi", max_output=16_385), here)
    assert refused.value.param == "max_tokens"


async def test_input_and_answer_together_are_the_providers_to_judge() -> None:
    await CHECK.prepare(asking("word " * 900, max_output=900), place(context=1000, max_output=1000))


def test_the_size_in_bytes_covers_everything_that_is_read() -> None:
    request = ChatRequest(
        model="m",
        messages=(
            said("äöü", Text("", {"x": {"block": msgspec.Raw(b"12345")}})),
            said(ToolCall("c", "tool", "{}"), role="assistant"),
            said(ToolResult("c", (Text("0123456789"),)), role="tool"),
        ),
        tools=(Tool("name", "what", msgspec.Raw(b'{"type":"object"}')),),
    )
    assert text_size_of(request) == 6 + 5 + (4 + 2) + 10 + (4 + 4 + 17)
    assert size_of(request) == text_size_of(request)


async def test_an_ordinary_request_is_looked_at_in_no_time() -> None:
    """Microseconds at most even here, where others are at work; docs/tokens.md has the figure."""
    request, here = from_the_wire("a" * 2000), place(context=128_000, max_output=16_384)
    best = min([await _seconds(request, here) for _ in range(5)])
    assert best < 5e-6


async def _seconds(request: ChatRequest, here: Any) -> float:
    began = time.perf_counter()
    for _ in range(1000):
        await CHECK.prepare(request, here)
    return (time.perf_counter() - began) / 1000


async def test_a_large_request_is_counted_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    seen: list[int] = []

    def counted(request: ChatRequest, deployment: Any) -> Any:
        seen.append(threading.get_ident())
        return count(request, deployment)

    monkeypatch.setattr(room, "count", counted)
    await CHECK.prepare(asking("word " * 1000), place(context=2000))
    assert seen
    assert threading.get_ident() not in seen
