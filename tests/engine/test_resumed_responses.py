"""A relayed stream of Responses that breaks off at any of its events: OpenAI's own SDK takes what comes then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI
from openai.types.responses import ParsedResponse

from tests.engine.support import House, house, place
from tests.support.openai_wire import CONTEXT, DONE, USAGE, chunk, delta, sse
from tests.support.raw_upstream import RawUpstream, Script, Visit, replying
from tests.support.responses_wire import ID, Event, begun, call, hosted, message, stream, thought
from turnout.core import Midstream, Traits
from turnout.dialects.openai.responses.endpoint import Responses
from turnout.errors import UpstreamBroken

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
END = sse(chunk(delta(finish="stop")), chunk(usage=USAGE)) + DONE
WHOLE = "Hello you there."
ENDPOINT = Responses()
ADDED, ITEM_DONE = "output_item.added", "output_item.done"
TOOLS = [{"type": "function", "name": "find", "parameters": {}}, {"type": "custom", "name": "run"}]


def broken(events: Sequence[Event]) -> Script:
    return replying(HEAD + stream(events), close=True)


async def says_the_rest(visit: Visit) -> None:
    """The second provider knows the answer, and goes on after a prefill."""
    body = json.loads((await visit.request()).partition(b"\r\n\r\n")[2])
    *_, last = body["messages"]
    words = last["content"] if last["role"] == "assistant" else ""
    assert WHOLE.startswith(words)
    rest = WHOLE.removeprefix(words)
    await visit.send(HEAD + sse(*[chunk(delta(content=piece)) for piece in (rest[:3], rest[3:]) if piece]) + END)
    visit.close()


async def streamed(it: House, midstream: Midstream = "continue", **fields: Any) -> bytes:
    """What a client of Responses receives."""
    it.change_model(midstream=midstream)
    request = ENDPOINT.parse(json.dumps({"model": "fast", "input": "Write.", "stream": True, **fields}).encode())
    renderer = ENDPOINT.renderer(request, CONTEXT)
    reply = await it.ask(request)
    data = b""
    try:
        while (events := await reply.read()) is not None:
            data += renderer.feed(events)
    finally:
        await reply.leave()
    return data + renderer.close()


def told_in(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in data.splitlines() if line.startswith(b"data: ")]


async def accumulated(data: bytes) -> ParsedResponse[Any]:
    """As the SDK understands it."""
    headers = {"content-type": "text/event-stream"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=data))
    async with (
        httpx2.AsyncClient(transport=transport) as http,
        AsyncOpenAI(api_key="x", http_client=http) as sdk,
        sdk.responses.stream(model="fast", input="Write.") as events,
    ):
        numbers = [event.sequence_number async for event in events]
        assert numbers == list(range(len(numbers)))
        return await events.get_final_response()


STREAMS: dict[str, list[Event]] = {
    "a-text": [*begun(), *message(0, "Hello ", "you", " there.")],
    "after-a-thought": [
        *begun(),
        *thought(0, "Let me", "see.", encrypted=False),
        *message(1, "Hello ", "you", " there."),
    ],
    "after-a-thought-that-is-signed": [*begun(), *thought(0, "Hm."), *message(1, "Hello ", "you", " there.")],
    "two-messages": [*begun(), *message(0, "Hello"), *message(1, " you", " there.")],
    "a-list-of-tools": [*begun(), *hosted(0, "mcp_list_tools", tools=[]), *message(1, "Hello ", "you", " there.")],
}


@pytest.mark.parametrize(
    ("name", "midstream"),
    [*[(name, "continue") for name in STREAMS], ("a-text", "restart"), ("after-a-thought", "restart")],
)
async def test_the_sdk_takes_what_another_deployment_goes_on_with(name: str, midstream: Midstream) -> None:
    """The items that came whole stay as they came. Those that were open keep their ids."""
    whole = STREAMS[name]
    signed = range(5, 8) if name.endswith("signed") else range(0)
    for at in set(range(len(whole))) - set(signed):
        async with (
            RawUpstream(broken(whole[:at])) as one,
            RawUpstream(says_the_rest) as two,
            house(place(one, provider="openai"), place(two, "two", traits=Traits(continues="message"))) as it,
        ):
            data = await streamed(it, midstream)
        assert (await accumulated(data)).output_text == WHOLE, at
        last = told_in(data)[-1]["response"]
        output = last["output"]
        items = {kind: [event["item"] for name, event in whole[:at] if name == kind] for kind in (ADDED, ITEM_DONE)}
        assert output[: len(items[ITEM_DONE])] == items[ITEM_DONE], at
        if any(name.endswith("text.delta") for name, _ in whole[:at]):
            added = items[ADDED]
            assert last["id"] == ID, at
            assert [item["id"] for item in output][: len(added)] == [item["id"] for item in added], at


@pytest.mark.parametrize("custom", [False, True], ids=["function", "custom"])
async def test_an_answer_anew_goes_on_with_a_call(custom: bool) -> None:
    text = 'say "hi"\n' if custom else '{"n": 1}'
    arguments = json.dumps({"input": text}, separators=(",", ":")) if custom else text
    first = [*begun(), *call(0, "run" if custom else "find", text[:5], text[5:], custom=custom)]
    function = {"name": "run" if custom else "find", "arguments": arguments}
    called = [
        chunk(delta(tool_calls=[{"index": 0, "id": "c", "function": function}])),
        chunk(delta(finish="tool_calls")),
    ]
    for at in range(3, len(first) + 1):
        async with (
            RawUpstream(broken(first[:at])) as one,
            RawUpstream(replying(HEAD + sse(*called, chunk(usage=USAGE)) + DONE, close=True)) as two,
            house(place(one, provider="openai"), place(two, "two")) as it,
        ):
            data = await streamed(it, "restart", tools=TOOLS)
        assert (await accumulated(data)).output[0].type == first[2][1]["item"]["type"]
        told = told_in(data)
        assert told[-1]["response"]["output"] == [first[-1][1]["item"]], at
        assert "".join([event["delta"] for event in told if "delta" in event]) == text, at


@pytest.mark.parametrize(
    "begins",
    [
        call(0, "find", "{"),
        call(0, "run", "say", custom=True),
        hosted(0, "code_interpreter_call", code="1+1"),
        hosted(0, "shell_call", call_id="c", action={}),
        hosted(0, "web_search_call", action={"type": "search", "query": "trains"}),
        hosted(0, "from_the_future"),
        thought(0, "Let me")[:3],
    ],
    ids=["function", "custom", "code", "shell", "search", "unknown", "signed-thought"],
)
async def test_nobody_goes_on_after_a_call_or_in_a_signed_thought(begins: list[Event]) -> None:
    """A call is the client's or the provider's own, of which nobody else knows what it found."""
    async with (
        RawUpstream(broken([*begun(), *begins, *message(1, "Hello")[:3]])) as one,
        RawUpstream(says_the_rest) as two,
        house(place(one, provider="openai"), place(two, "two", traits=Traits(continues="message"))) as it,
    ):
        with pytest.raises(UpstreamBroken):
            await streamed(it, tools=TOOLS)
        assert two.requests == []


async def test_a_stream_that_does_not_say_where_its_words_belong_ends_with_an_error() -> None:
    delta_alone = ("output_text.delta", {"output_index": 0, "content_index": 0, "delta": "Hello"})
    async with (
        RawUpstream(broken([*begun(), delta_alone])) as one,
        RawUpstream(says_the_rest) as two,
        house(place(one, provider="openai"), place(two, "two", traits=Traits(continues="message"))) as it,
    ):
        with pytest.raises(UpstreamBroken, match="a part of"):
            await streamed(it)
