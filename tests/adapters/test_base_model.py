"""``chat_completion(messages, **kwargs)`` in every form that such classes have, as a provider."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic.types
import httpx2
import openai
import openai.types.chat
import pytest
from msgspec import Raw

from tests.adapters.support import DEPLOYMENT, all_of, answered, asking, text_of
from turnout.adapters import BaseModel, BaseModelProvider
from turnout.core import Delta, Finish, Image, Message, Sampling, Text, Tool, ToolCall, Usage
from turnout.errors import (
    TurnoutError,
    Unsupported,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnauthenticated,
    UpstreamUnreachable,
)

OPENAI = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hellö"}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}
ANTHROPIC: dict[str, Any] = {
    "id": "1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Hellö"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}


def chunk(**choice: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0} | choice],
    }


CHUNKS = [chunk(delta={"content": "Hel"}), chunk(delta={"content": "lö"}), chunk(delta={}, finish_reason="stop")]
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": ANTHROPIC | {"content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hellö"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]


class Saying(BaseModel):
    """Gives ``outcome``, and keeps what it was asked."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def chat_completion(self, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
        self.messages, self.kwargs, self.thread = messages, kwargs, threading.current_thread()
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Later(Saying):
    async def chat_completion(self, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return super().chat_completion(messages, **kwargs)


class AsyncPieces(Saying):
    async def chat_completion(self, messages: list[dict[str, Any]], **kwargs: Any) -> AsyncIterator[Any]:
        for piece in super().chat_completion(messages, **kwargs):
            await asyncio.sleep(0)
            yield piece


def as_chunk(fields: dict[str, Any]) -> openai.types.chat.ChatCompletionChunk:
    return openai.types.chat.ChatCompletionChunk.model_validate(fields | {"created": 1})


def generated(*pieces: Any) -> Iterator[Any]:
    yield from pieces


OUTCOMES = {
    "a text": lambda: "Hellö",
    "OpenAI's JSON": lambda: OPENAI,
    "OpenAI's object": lambda: openai.types.chat.ChatCompletion.model_validate(OPENAI),
    "Anthropic's JSON": lambda: ANTHROPIC,
    "Anthropic's object": lambda: anthropic.types.Message.model_validate(ANTHROPIC),
    "texts": lambda: ["Hel", "lö"],
    "an iterator of texts": lambda: generated("Hel", "lö"),
    "OpenAI's chunks": lambda: generated(*CHUNKS),
    "OpenAI's chunks as objects": lambda: map(as_chunk, CHUNKS),
    "Anthropic's events": lambda: generated(*EVENTS),
}


@pytest.mark.parametrize("kind", [Saying, Later])
@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES)
@pytest.mark.parametrize("stream", [False, True], ids=["unary", "streamed"])
async def test_every_form_of_an_answer_is_read(kind: type[Saying], outcome: Any, stream: bool) -> None:
    answer = await answered(BaseModelProvider("mine", kind(outcome())), asking(stream=stream))
    assert text_of(answer) == "Hellö"
    assert answer.choices[0].finish is not None
    assert answer.choices[0].finish.reason == "stop"


async def test_an_async_generator_is_read_piece_by_piece() -> None:
    events = await all_of(BaseModelProvider("mine", AsyncPieces(["Hel", "lö"])).run(asking(), DEPLOYMENT))
    assert [event.text for event in events if isinstance(event, Delta)] == ["Hel", "lö"]
    assert events[-1] == Finish("stop", "stop")


@pytest.mark.parametrize("reply", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
async def test_reported_usage_is_kept(reply: Any) -> None:
    assert (await answered(BaseModelProvider("mine", Saying(reply)))).usage == Usage(input=7, output=3)


async def test_a_tool_call_is_kept() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    reply = OPENAI | {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}
    (choice,) = (await answered(BaseModelProvider("mine", Saying(reply)))).choices
    assert choice.parts == (ToolCall("c", "f", '{"a": 1}'),)


async def test_it_is_asked_in_openais_form() -> None:
    model = Saying("yes")
    image = Message("user", (Text("What is it?"), Image(data="aGk=", media_type="image/png")))
    request = asking(
        sampling=Sampling(temperature=0.5),
        max_output=9,
        tools=(Tool("f", "d", Raw(b"{}")),),
        stop=("x",),
        stream=True,
    )
    await answered(BaseModelProvider("mine", model), request)
    assert model.messages == [{"role": "user", "content": "Hello"}]
    assert model.kwargs["model"] == "some-model"
    assert model.kwargs["temperature"] == 0.5
    assert model.kwargs["max_tokens"] == 9
    assert model.kwargs["tools"][0]["function"]["name"] == "f"
    assert model.kwargs["stream"] is True
    await answered(BaseModelProvider("mine", model), asking().__class__(model="fast", messages=(image,)))
    assert model.messages[0]["content"][1]["image_url"]["url"] == "data:image/png;base64,aGk="
    assert "stream" not in model.kwargs


async def test_what_blocks_has_a_thread_of_its_own() -> None:
    model = Saying("yes")
    await answered(BaseModelProvider("mine", model))
    assert model.thread is not threading.main_thread()


async def test_a_blocking_stream_is_closed_when_nobody_reads_any_longer() -> None:
    closed = threading.Event()

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "on "
        finally:
            closed.set()

    run: Any = BaseModelProvider("mine", Saying(endless())).run(asking(stream=True), DEPLOYMENT)
    await anext(run)
    await run.aclose()
    assert await asyncio.to_thread(closed.wait, 10)


REQUEST = httpx2.Request("POST", "http://x.test")
LIMITED = httpx2.Response(429, request=REQUEST, headers={"Retry-After": "7"})
ERRORS: list[tuple[Exception, type[TurnoutError], str]] = [
    (
        RuntimeError("a cat"),
        UpstreamBroken,
        "chat_completion of the provider 'mine' raised RuntimeError: a cat",
    ),
    (ValueError("a\nb"), UpstreamBroken, "raised ValueError: a b. Mend it there, or ask another model."),
    (TimeoutError(), UpstreamTimeout, "raised TimeoutError. Ask again later"),
    (ConnectionRefusedError("no"), UpstreamUnreachable, "Is what it asks running"),
    (NotImplementedError(), Unsupported, "Ask another model, or implement it."),
    (openai.RateLimitError("slow", response=LIMITED, body=None), UpstreamRateLimited, "mine answered 429: slow"),
    (
        openai.AuthenticationError("no", response=httpx2.Response(401, request=REQUEST), body=None),
        UpstreamUnauthenticated,
        "mine answered 401: no",
    ),
    (Unsupported("Ours.", param="n"), Unsupported, "Ours."),
]


@pytest.mark.parametrize("kind", [Saying, Later])
@pytest.mark.parametrize(("error", "becomes", "told"), ERRORS, ids=lambda case: type(case).__name__)
async def test_an_error_is_told_with_its_cure(
    kind: type[Saying], error: Exception, becomes: type[TurnoutError], told: str
) -> None:
    with pytest.raises(becomes) as caught:
        await answered(BaseModelProvider("mine", kind(error)))
    assert told in caught.value.message
    assert type(caught.value) is becomes
    if isinstance(caught.value, UpstreamRateLimited):
        assert caught.value.retry_after == 7


async def test_leaving_the_process_is_an_error_like_any() -> None:
    class Leaving(BaseModel):
        def chat_completion(self, messages: list[dict[str, Any]], **kwargs: Any) -> Any:
            raise SystemExit(3)

    with pytest.raises(UpstreamBroken, match=r"SystemExit\(3\)"):
        await answered(BaseModelProvider("mine", Leaving()))


NO_ANSWERS = {
    "None": None,
    "a number": 7,
    "another object": {"answer": "Hello"},
    "nothing": [],
    "numbers": [3],
    "a text, then a number": ["Hello", 3],
    "a chunk, then a text": [CHUNKS[0], "Hello"],
    "no JSON": {"choices": [{"x": object()}]},
}


@pytest.mark.parametrize("outcome", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_what_is_no_answer_is_told(outcome: Any) -> None:
    with pytest.raises(UpstreamError, match=r"[Tt]he provider's method (gave no answer|returned)"):
        await answered(BaseModelProvider("mine", Saying(outcome)))


async def test_fields_of_another_wire_do_not_reach_the_method() -> None:
    model = Saying("x")
    await answered(BaseModelProvider("mine", model), asking(extensions={"gemini": {"odd": Raw(b"1")}}))
    assert "odd" not in model.kwargs
