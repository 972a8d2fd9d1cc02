"""An answer that breaks off when the client has a part of it: who goes on, from where, and what the client gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.support import House, house, place
from tests.support.openai_wire import DONE, USAGE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Script, replying
from turnout.core import (
    ChatRequest,
    Message,
    Midstream,
    Output,
    Relayed,
    Retries,
    Seam,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Traits,
    UsageSoFar,
    fold,
)
from turnout.errors import UpstreamBroken, UpstreamError

SSE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
END = sse(chunk(delta(finish="stop")), chunk(usage=USAGE)) + DONE
GOES_ON = Traits(continues="message")


def streaming(*pieces: bytes) -> Script:
    return replying(SSE_HEAD, *pieces, close=True)


def said(*texts: str) -> bytes:
    return sse(chunk(delta(role="assistant", content="")), *[chunk(delta(content=text)) for text in texts])


def request(**fields: Any) -> ChatRequest:
    """A request that came on no wire, and so is translated."""
    return ChatRequest(model="fast", messages=(Message("user", (Text("hi"),)),), stream=True, **fields)


def body_of(server: RawUpstream, number: int = -1) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(server.requests[number].partition(b"\r\n\r\n")[2])
    return body


async def events_of(it: House, *, relayed: bool, midstream: Midstream = "continue", **fields: Any) -> list[Any]:
    """The core events of the client's answer."""
    it.change_model(midstream=midstream)
    reply = await (it.ask(stream=True, **fields) if relayed else it.ask(request(**fields)))
    events: list[Any] = await reply.read_all()
    seams = [number for number, event in enumerate(events) if isinstance(event, Seam)]
    if not relayed:
        return events
    first = seams[0]
    assert all(isinstance(event, Relayed) for event in events[:first] if not isinstance(event, UsageSoFar))
    return [*events[first].relayed, *events[first + 1 :]]


def text_of(events: list[Any]) -> str:
    return "".join(part.text for part in fold(events).choices[0].parts if isinstance(part, Text))


@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
@pytest.mark.parametrize(
    ("first", "prefill", "rest"),
    [
        pytest.param(["Hel"], "Hel", ["lo", " you."], id="in-a-word"),
        pytest.param(["Hello "], "Hello", [" ", "you."], id="after-a-blank"),
        pytest.param(["Hello", " \n"], "Hello", [" \nyou."], id="after-blanks"),
        pytest.param(["Hello "], "Hello", ["you."], id="a-blank-that-does-not-come-again"),
    ],
)
async def test_the_next_deployment_goes_on_from_what_the_client_has(
    relayed: bool, first: list[str], prefill: str, rest: list[str]
) -> None:
    async with (
        RawUpstream(streaming(said(*first))) as one,
        RawUpstream(streaming(said(*rest), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        events = await events_of(it, relayed=relayed)
        assert body_of(two)["messages"][-1] == {"role": "assistant", "content": prefill}
        assert text_of(events) == "Hello you." if rest[0] != " \nyou." else "Hello \nyou."
        assert fold(events).choices[0].finish is not None
        assert it.book.outcomes == ["cut", "ok"]
        assert [(start.continues, start.seam) for start in it.book.begun.values()] == [(None, None), (1, "continue")]


@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
@pytest.mark.parametrize(
    ("rest", "whole"),
    [
        pytest.param([" you."], "Hello you.", id="again"),
        pytest.param(["", " ", "you."], "Hello you.", id="again-in-pieces"),
        pytest.param(["you."], "Hello you.", id="not-again"),
    ],
)
async def test_a_blank_does_not_come_twice_where_its_text_has_ended(relayed: bool, rest: list[str], whole: str) -> None:
    thought = sse(chunk(delta(reasoning_content="Hm.")))
    async with (
        RawUpstream(streaming(said("Hello ") + thought)) as one,
        RawUpstream(streaming(said(*rest), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        events = await events_of(it, relayed=relayed)
        assert body_of(two)["messages"][-1]["content"] == "Hello"
        assert text_of(events) == whole
        assert fold(events).choices[0].parts[:2] == (Text("Hello "), Thinking("Hm."))


@pytest.mark.parametrize(
    ("rest", "whole"),
    [
        pytest.param(["I say Hel", "lo", " you."], "Hello you.", id="in-pieces"),
        pytest.param(["I say Hello you."], "Hello you.", id="in-one-piece"),
        pytest.param([" you."], "Hello you.", id="not-repeated"),
        pytest.param(["I say Hello", "you."], "Hello you.", id="without-the-blank"),
        pytest.param(["I say ", "so."], "Hello I say so.", id="begins-alike"),
    ],
)
async def test_repeated_words_are_left_out(rest: list[str], whole: str) -> None:
    """Also the client's own prefill, which is repeated with them."""
    asked = (Message("user", (Text("hi"),)), Message("assistant", (Text("I say "),)))
    async with (
        RawUpstream(streaming(said("Hello "))) as one,
        RawUpstream(streaming(said(*rest), END)) as two,
        house(place(one), place(two, "two", traits=Traits(continues="prefix", repeats=True))) as it,
    ):
        reply = await it.ask(ChatRequest(model="fast", messages=asked, stream=True))
        assert text_of(await reply.read_all()) == whole


async def test_only_who_is_known_to_take_a_prefill_goes_on() -> None:
    async with (
        RawUpstream(streaming(said("Hel"))) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        RawUpstream(streaming(said("lo"), END)) as three,
        house(place(one), place(two, "two"), place(three, "three", traits=GOES_ON)) as it,
    ):
        assert text_of(await events_of(it, relayed=False)) == "Hello"
        assert two.requests == []


async def test_the_usage_is_that_of_what_the_client_received() -> None:
    async with (
        RawUpstream(streaming(said("Hel"))) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        it.change_model(midstream="continue")
        reply = await it.ask(request())
        await reply.read_all()
        broken, whole = [end.usage for end in it.book.ends]
        assert broken is not None
        assert whole is not None
        assert reply.usage is not None
        assert (reply.usage.input, reply.usage.output) == (broken.input, broken.output + whole.output)
        assert reply.usage.source == "estimated"
        assert reply.cost == sum(end.cost or 0 for end in it.book.ends)


async def test_the_rest_of_the_limit_is_asked_for() -> None:
    async with (
        RawUpstream(streaming(said("Hello", " you"))) as one,
        RawUpstream(streaming(said("."), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        await events_of(it, relayed=False, max_output=100)
        assert 90 < body_of(two)["max_tokens"] < 100


async def test_nobody_goes_on_with_a_tool_call() -> None:
    call = chunk(delta(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "f", "arguments": '{"a'}}]))
    async with (
        RawUpstream(streaming(sse(call))) as one,
        RawUpstream(streaming(said("x"), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        reply = await it.ask(request(tools=(Tool("f"),)))
        with pytest.raises(UpstreamBroken):
            await reply.read_all()
        assert two.requests == []


def anthropic(*events: dict[str, Any]) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(e["type"]).encode(), json.dumps(e).encode()) for e in events)


@pytest.mark.parametrize(("thought", "goes_on"), [("", True), ("Let me", False)], ids=["only-opened", "begun"])
async def test_nobody_goes_on_with_a_signed_thought_that_has_begun(thought: str, goes_on: bool) -> None:
    usage = {"input_tokens": 5, "output_tokens": 1}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    broken = anthropic(
        {"type": "message_start", "message": head},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "thinking_delta", "thinking": thought}},
    )
    async with (
        RawUpstream(streaming(broken)) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        house(
            place(one, provider="anthropic", base_url=one.origin),
            place(two, "two", traits=GOES_ON),
        ) as it,
    ):
        reply = await it.ask(request(max_output=100))
        if goes_on:
            assert fold(await reply.read_all()).choices[0].parts == (Text("Hel"), Thinking(""), Text("lo"))
        else:
            with pytest.raises(UpstreamBroken):
                await reply.read_all()
        assert bool(two.requests) is goes_on


async def test_an_unsigned_thought_is_begun_again() -> None:
    thought = sse(chunk(delta(reasoning_content="Let me")))
    async with (
        RawUpstream(streaming(thought)) as one,
        RawUpstream(streaming(sse(chunk(delta(reasoning_content="Hm."))), said("Hello"), END)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        parts = fold(await events_of(it, relayed=False)).choices[0].parts
        assert parts == (Thinking("Let me"), Thinking("Hm."), Text("Hello"))


@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
async def test_an_answer_anew_leaves_out_what_the_client_has(relayed: bool) -> None:
    async with (
        RawUpstream(streaming(said("Hel", "lo"))) as one,
        RawUpstream(streaming(said("He", "llo y", "ou."), END)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        events = await events_of(it, relayed=relayed, midstream="restart")
        assert text_of(events) == "Hello you."
        assert body_of(two)["messages"] == [{"role": "user", "content": "hi"}]
        assert [(start.continues, start.seam) for start in it.book.begun.values()] == [(None, None), (1, "restart")]


async def test_an_answer_anew_goes_on_with_a_tool_call() -> None:
    def call(arguments: str) -> dict[str, Any]:
        function = {"name": "f", "arguments": arguments}
        return chunk(delta(tool_calls=[{"index": 0, "id": "c1", "function": function}]))

    finish = sse(chunk(delta(finish="tool_calls")), chunk(usage=USAGE)) + DONE
    async with (
        RawUpstream(streaming(sse(call('{"a')))) as one,
        RawUpstream(streaming(sse(call('{"a": 1}')), finish)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        events = await events_of(it, relayed=False, midstream="restart", tools=(Tool("f"),))
        (part,) = fold(events).choices[0].parts
        assert isinstance(part, ToolCall)
        assert part.arguments == '{"a": 1}'


async def test_an_answer_anew_that_differs_is_an_error() -> None:
    async with (
        RawUpstream(streaming(said("Hello"))) as one,
        RawUpstream(streaming(said("Hi", " there"), END)) as two,
        house(place(one), place(two, "two")) as it,
    ):
        it.change_model(midstream="restart")
        reply = await it.ask(request())
        with pytest.raises(UpstreamBroken, match="isn't the same"):
            await reply.read_all()
        assert it.book.outcomes == ["cut", "cut"]


@pytest.mark.parametrize("kind", ["error", "held-to-a-form", "nobody"])
async def test_where_nobody_may_go_on_the_client_gets_the_error(kind: str) -> None:
    fields: dict[str, Any] = {"output": Output("json")} if kind == "held-to-a-form" else {}
    traits = Traits() if kind == "nobody" else GOES_ON
    async with (
        RawUpstream(streaming(said("Hel"))) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        house(place(one), place(two, "two", traits=traits)) as it,
    ):
        it.change_model(midstream="error" if kind == "error" else "continue")
        reply = await it.ask(request(**fields))
        with pytest.raises(UpstreamError, match="in the middle"):
            await reply.read_all()
        assert two.requests == []


@pytest.mark.parametrize("number", [1, 2, 3], ids=["one-a-piece", "two-a-piece", "three-a-piece"])
async def test_no_more_of_a_stream_is_kept_than_is_promised(number: int) -> None:
    """However its events come together. What isn't kept can't be gone on with."""
    pieces = [sse(*[chunk(delta(content="x" * 20_000))] * number) for _ in range(60)]
    async with (
        RawUpstream(streaming(said("Hel"), *pieces)) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        reply = await it.ask(stream=True)
        with pytest.raises(UpstreamBroken):
            await reply.read_all()
        assert two.requests == []


@pytest.mark.parametrize(("text", "goes_on"), [("x", False), ("", True)], ids=["too-many", "few"])
async def test_no_more_events_are_kept_either(monkeypatch: pytest.MonkeyPatch, text: str, goes_on: bool) -> None:
    monkeypatch.setattr("turnout.engine.resumption.MOST_KEPT_EVENTS", 20)
    async with (
        RawUpstream(streaming(said("Hel", *[text] * 40 if text else []))) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        reply = await it.ask(request())
        if goes_on:
            assert text_of(await reply.read_all()) == "Hello"
        else:
            with pytest.raises(UpstreamBroken):
                await reply.read_all()
        assert bool(two.requests) is goes_on


async def test_the_same_deployment_goes_on_after_the_others() -> None:
    retries = Retries(attempts=2, backoff=0.001)
    async with (
        RawUpstream(streaming(said("Hel")), streaming(said("lo"), END)) as one,
        RawUpstream(replying(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n")) as two,
        house(place(one, traits=GOES_ON, retries=retries), place(two, "two", traits=GOES_ON)) as it,
    ):
        assert text_of(await events_of(it, relayed=False)) == "Hello"
        assert [start.deployment for start in it.book.begun.values()] == ["one", "two", "one"]


async def test_a_refused_prefill_is_unlearned() -> None:
    refusal = b'{"error":{"message":"This model does not support assistant message prefill."}}'
    head = b"HTTP/1.1 400 X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(refusal)
    async with (
        RawUpstream(streaming(said("Hel"))) as one,
        RawUpstream(replying(head + refusal)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        for _ in range(2):
            reply = await it.ask(request())
            with pytest.raises(UpstreamBroken):
                await reply.read_all()
        assert len(two.requests) == 1


async def test_a_whole_answer_can_be_asked_for_as_a_stream() -> None:
    async with (
        RawUpstream(streaming(said("Hel"))) as one,
        RawUpstream(streaming(said("lo"), END)) as two,
        house(place(one), place(two, "two", traits=GOES_ON)) as it,
    ):
        it.change_model(upstream="stream")
        reply = await it.ask()
        assert text_of(await reply.read_all()) == "Hello"
        assert body_of(one)["stream"] is True
