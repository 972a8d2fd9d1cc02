"""Answers event by event, and the end of the connection to the provider when the reader stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

import turnout
from tests.library.support import PROVIDERS, attempts, configured, user, wait_until
from turnout import errors
from turnout.core import Delta, Finish, PartStart, Relayed, Start, StreamEvent, ToolCall, UsageSoFar, fold
from turnout.library import Turnout
from turnout.simulator import Attempt, Simulator

LONG = "openai/sim-words-10000-slow-between-5"


def the_one(sim: Simulator) -> Attempt:
    (attempt,) = sim.attempts
    return attempt


async def stopped(sim: Simulator) -> None:
    """Within a second the provider has seen its client leave, long before the answer's end."""
    await wait_until(lambda: the_one(sim).outcome == "client_left", seconds=1)
    assert the_one(sim).tokens_out < 5000


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_events_are_the_cores_even_on_the_same_wire(sim: Simulator, provider: str) -> None:
    """A client over HTTP would have OpenAI's bytes relayed; a program gets typed events from every provider."""
    async with turnout.open(configured(sim.url, {"m": f"{provider}/sim"})) as t:
        events = [event async for event in t.stream(model="m", messages=user("one two"))]
    kinds = [type(event) for event in events]
    assert Relayed not in kinds
    assert kinds[0] is Start
    assert {PartStart, Finish, UsageSoFar} <= set(kinds)
    (choice,) = fold(events).choices
    assert choice.finish is not None
    assert (choice.finish.reason, [getattr(part, "text", None) for part in choice.parts]) == (
        "stop",
        ["You said: one two"],
    )


async def test_parallel_tool_calls_are_told_apart_by_their_index(sim: Simulator) -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("left", "right")]
    async with turnout.open(configured(sim.url, {"m": "openai/sim-parallel-tools"})) as t:
        stream = t.stream(model="m", messages=user("hi"), tools=tools)
        events: list[StreamEvent] = [event async for event in stream]
    calls = {event.index: event.part for event in events if isinstance(event, PartStart)}
    assert {index: part.name for index, part in calls.items() if isinstance(part, ToolCall)} == {0: "left", 1: "right"}
    assert [call.name for call in stream.reply.tool_calls] == ["left", "right"]


async def test_pieces_leave_thoughts_out(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "anthropic/sim-thinking"})) as t:
        stream = t.stream(model="m", messages=user("hi there"))
        assert "".join([piece async for piece in stream.pieces()]) == "You said: hi there"
    assert "reasoning_content" in stream.reply.raw["choices"][0]["message"]


@pytest.mark.parametrize("provider", ["gemini", "ollama", "openai", "echo"])
async def test_the_first_piece_is_not_lost(sim: Simulator, provider: str) -> None:
    """Some providers' first words come with the part's beginning, not as a Delta."""
    async with turnout.open(configured(sim.url, {"m": f"{provider}/sim"})) as t:
        stream = t.stream(model="m", messages=user("hi"))
        assert "".join([piece async for piece in stream.pieces()]) == stream.reply.text != ""


async def test_the_reply_grows_with_the_stream(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim-words-5"})) as t:
        stream = t.stream(model="m", messages=user("hi"))
        with pytest.raises(RuntimeError, match="has not begun"):
            _ = stream.reply
        seen = ""
        async for event in stream:
            if isinstance(event, PartStart):
                seen += getattr(event.part, "text", "")
            if isinstance(event, Delta):
                seen += event.text
            assert stream.reply.text.startswith(seen)
        assert stream.reply.text == seen == "word1 word2 word3 word4 word5"
        assert stream.reply.finish == "stop"


async def test_a_stream_is_read_once() -> None:
    async with turnout.open() as t:
        stream = t.stream(model="echo", messages=user("hi"))
        assert [piece async for piece in stream.pieces()] == ["hi"]
        with pytest.raises(RuntimeError, match="read once"):
            aiter(stream)


async def test_the_request_is_sent_when_it_is_first_read(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim"})) as t:
        t.stream(model="m", messages=user("hi"))
        await asyncio.sleep(0.05)
    assert sim.attempts == ()


async def test_a_broken_stream_raises_and_keeps_what_came(sim: Simulator) -> None:
    async with turnout.open(configured(sim.url, {"m": "openai/sim-cut-stream-after-2"})) as t:
        stream = t.stream(model="m", messages=user("one two three"))
        with pytest.raises(errors.UpstreamBroken):
            async for _ in stream:
                pass
        assert (stream.reply.text, stream.reply.finish) == ("You said:", None)
        assert stream.reply.usage.source == "interrupted"


# --- leaving ----------------------------------------------------------------------------------------


async def leave_by_break(t: Turnout) -> None:
    async for event in t.stream(model="m", messages=user("hi")):
        if isinstance(event, Delta):
            break


async def leave_by_break_with_the_stream_in_hand(t: Turnout) -> None:
    stream = t.stream(model="m", messages=user("hi"))
    async for event in stream:
        if isinstance(event, Delta):
            break
    await asyncio.sleep(0.01)
    assert stream.reply.finish is None


async def leave_pieces_by_break(t: Turnout) -> None:
    async for piece in t.stream(model="m", messages=user("hi")).pieces():
        if piece:
            break


async def leave_by_an_error(t: Turnout) -> None:
    async def listen() -> None:
        async for _ in t.stream(model="m", messages=user("hi")):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await listen()


async def leave_by_cancellation(t: Turnout) -> None:
    begun = asyncio.Event()

    async def listen() -> None:
        async for _ in t.stream(model="m", messages=user("hi")):
            begun.set()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "leave",
    [
        leave_by_break,
        leave_by_break_with_the_stream_in_hand,
        leave_pieces_by_break,
        leave_by_an_error,
        leave_by_cancellation,
    ],
)
async def test_leaving_early_stops_the_provider(sim: Simulator, leave: Callable[[Turnout], object]) -> None:
    async with turnout.open(configured(sim.url, {"m": LONG})) as t:
        left = leave(t)
        assert asyncio.iscoroutine(left)
        await left
        await stopped(sim)
    (row,) = attempts()
    assert (row["outcome"], row["usage_source"]) == ("client_gone", "interrupted")


async def test_closing_ends_what_nobody_ended(sim: Simulator) -> None:
    """Somebody holds an iterator and never comes back: its attempt is settled all the same."""
    async with turnout.open(configured(sim.url, {"m": LONG})) as t:
        held = aiter(t.stream(model="m", messages=user("hi")))
        await anext(held)
    await stopped(sim)
    assert [row["outcome"] for row in attempts()] == ["client_gone"]
    await held.aclose()
