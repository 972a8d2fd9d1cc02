"""However much a provider sends, a bounded part of it is kept, and another deployment may still answer."""

from __future__ import annotations

import gzip

import pytest

from tests.engine.support import house, place
from tests.engine.test_plan_walk import HELLO, THREE, body_of, plain, status, streaming
from tests.engine.test_settling import into
from tests.support.openai_wire import choice, chunk, completion, delta, relayed_bytes, sse
from tests.support.raw_upstream import RawUpstream, Script, Visit, ok, replying
from turnout.core import Delta, StreamEvent
from turnout.errors import ReplyTooLarge, UpstreamRefused

MOST = 100_000
LONG = b" " * (MOST + 1)


async def endless(visit: Visit) -> None:
    """A body that goes on for as long as somebody reads it."""
    await visit.request()
    await visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await visit.send(b" " * 65536)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(replying(ok(LONG)), id="long"),
        pytest.param(replying(ok(gzip.compress(LONG * 100), "content-encoding: gzip")), id="long-when-unpacked"),
        pytest.param(endless, id="endless"),
    ],
)
@pytest.mark.parametrize("relayed", [True, False], ids=["relayed", "translated"])
async def test_a_whole_reply_that_is_too_large_is_asked_for_elsewhere(script: Script, relayed: bool) -> None:
    """And not again where it came from."""
    async with (
        RawUpstream(script) as huge,
        RawUpstream(replying(ok(HELLO))) as good,
        house(place(huge, retries=THREE), place(good, "two"), max_reply_bytes=MOST) as it,
    ):
        reply = await (it.ask() if relayed else it.ask(plain()))
        await reply.read_all()
        assert (reply.deployment.id, len(huge.requests)) == ("two", 1)
        assert (it.book.ends[0].outcome, it.book.ends[0].error_code) == ("failed", "upstream_broken")


async def test_a_reply_that_is_too_large_is_an_error() -> None:
    async with RawUpstream(replying(ok(LONG))) as huge, house(place(huge), max_reply_bytes=MOST) as it:
        with pytest.raises(ReplyTooLarge, match=r"larger than 100000 bytes.*server\.max_reply_bytes"):
            await it.ask()


async def test_a_reply_of_just_that_size_is_whole() -> None:
    body = HELLO + b" " * (MOST - len(HELLO))
    async with RawUpstream(replying(ok(body))) as server, house(place(server), max_reply_bytes=MOST) as it:
        assert await body_of(await it.ask()) == body


WORDS = sse(*[chunk(delta(content="x" * 1000))] * 500)
END = sse(chunk(delta(finish="stop")))


async def test_a_stream_that_is_passed_on_may_go_on() -> None:
    """Nothing of it is kept."""
    async with RawUpstream(streaming(WORDS, END)) as server, house(place(server), max_reply_bytes=MOST) as it:
        events = await (await it.ask(stream=True)).read_all()
        assert len(relayed_bytes(events)) > 5 * MOST


async def test_a_stream_that_is_translated_is_bounded() -> None:
    """Whoever reads it may keep what it says."""
    async with RawUpstream(streaming(WORDS, END)) as server, house(place(server), max_reply_bytes=MOST) as it:
        reply = await it.ask(plain(stream=True))
        events: list[StreamEvent] = []
        with pytest.raises(ReplyTooLarge):
            await into(events, reply)
        assert 0 < sum(len(event.text) for event in events if isinstance(event, Delta)) < 4 * MOST
        assert it.book.outcomes == ["cut"]


async def test_an_error_reply_is_read_only_so_far() -> None:
    async with RawUpstream(replying(status(500, body=LONG * 20))) as server, house(place(server)) as it:
        with pytest.raises(UpstreamRefused, match="answered 500"):
            await it.ask()


async def test_events_that_say_nothing_are_held_back_only_so_far() -> None:
    """More than that is passed on: the provider is at work."""
    comment = b": " + b"x" * 60_000 + b"\n\n"

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", *[comment] * 20)
        await visit.until_left()

    async with RawUpstream(script) as server, house(place(server)) as it:
        reply = await it.ask(stream=True)
        assert 1_000_000 < len(relayed_bytes(list(await reply.read() or ()))) <= 1_300_000
        await reply.leave()


async def test_an_answer_of_too_many_parts_is_broken() -> None:
    """Something is kept for each of them, though it says next to nothing."""
    calls = [{"index": n, "id": f"c{n}", "function": {"name": "f", "arguments": "{}"}} for n in range(10_001)]
    async with RawUpstream(replying(ok(completion(choice(tool_calls=calls))))) as server, house(place(server)) as it:
        with pytest.raises(ReplyTooLarge, match="parts"):
            await it.ask(plain())


async def test_an_answer_of_too_many_ends_is_broken() -> None:
    ends = [chunk({"index": n, "delta": {}, "finish_reason": "stop"}) for n in range(10_001)]
    async with RawUpstream(streaming(sse(*ends))) as server, house(place(server)) as it:
        with pytest.raises(ReplyTooLarge, match="parts"):
            await (await it.ask(stream=True)).read_all()
