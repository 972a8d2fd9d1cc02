"""Nothing of a request outlives it, however it ends: no error holds a frame that holds the error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from tests.engine.support import House, house, place, timeouts
from tests.engine.test_plan_walk import nowhere, plain
from tests.engine.test_settling import HEL, OVERLOADED, ROLE, STOP, streaming
from tests.support.garbage import nothing_left_for_the_collector
from tests.support.openai_wire import ENDPOINT, choice, completion, request_body
from tests.support.raw_upstream import RawUpstream, Script, Visit, ok, replying
from turnout.core import (
    ChatRequest,
    Deployment,
    Message,
    PartStart,
    Retries,
    Sampling,
    Start,
    StreamEvent,
    Support,
    Text,
    ToolCall,
)
from turnout.errors import TurnoutError, UpstreamBroken
from turnout.providers import Profile

pytestmark = pytest.mark.usefixtures("earlier_objects_are_frozen")

HELLO = completion(choice(content="Hello"))
TWICE = Retries(attempts=2, backoff=0.001, backoff_max=0.002)
QUICK = timeouts(connect=1, first_token=0.05, stall=0.05, total=0.1)


def refusing(status: int) -> Script:
    body = b'{"error":{"message":"No."}}'
    return replying(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body))


async def resetting(visit: Visit) -> None:
    await visit.request()
    visit.reset()


async def silent(visit: Visit) -> None:
    await visit.request()
    await visit.until_left()


async def stalling(visit: Visit) -> None:
    await visit.request()
    await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    await visit.until_left()


UNARY = {
    "ok": replying(ok(HELLO)),
    "reset": resetting,
    "hung-up": replying(b"", close=True),
    "silent": silent,
    "stalled": stalling,
    "cut": replying(ok(HELLO)[:-5], close=True),
    "not-http": replying(b"garbage\r\n\r\n", close=True),
    "not-json": replying(ok(b"<html>"), close=True),
    "empty": replying(ok(b"")),
    "other-encoding": replying(ok(HELLO, "content-encoding: br")),
    "not-gzip": replying(ok(HELLO, "content-encoding: gzip")),
    "endless-headers": replying(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000),
    "error-with-status-200": replying(ok(b'{"error":{"message":"Overloaded."}}')),
    "refused": refusing(500),
    "unauthenticated": refusing(401),
    "request-at-fault": refusing(400),
}
STREAMED = {
    "cut": streaming(ROLE, HEL, then="cut"),
    "silent": streaming(ROLE, HEL, then="silence"),
    "no-finish": streaming(ROLE, HEL),
    "malformed": streaming(ROLE, HEL, b"data: {\n\n"),
    "malformed-in-one-piece": streaming(ROLE, HEL + b"data: {\n\n"),
    "malformed-at-once": streaming(b"data: {\n\n"),
    "error": streaming(HEL, OVERLOADED),
    "error-in-one-piece": streaming(HEL + OVERLOADED),
    "error-at-once": streaming(OVERLOADED),
    "held-back": streaming(b": ping\n\n", then="silence"),
    "cut-after-the-finish": streaming(HEL, STOP, then="cut"),
}
RELAYED = [
    pytest.param(True, id="relayed"),
    pytest.param(False, id="translated"),
]


async def ask_and_read(it: House, request: ChatRequest) -> None:
    with contextlib.suppress(TurnoutError):
        reply = await it.ask(request)
        try:
            await reply.read_all()
        finally:
            await reply.leave()


def a_request(relayed: bool, **fields: Any) -> ChatRequest:
    return ENDPOINT.parse(request_body(**fields)) if relayed else plain(**fields)


@pytest.mark.parametrize("relayed", RELAYED)
@pytest.mark.parametrize("script", UNARY.values(), ids=UNARY)
async def test_a_whole_answer(script: Script, relayed: bool) -> None:
    async with RawUpstream(script) as server, house(place(server, timeouts=QUICK, retries=TWICE)) as it:
        with nothing_left_for_the_collector():
            await ask_and_read(it, a_request(relayed))


@pytest.mark.parametrize("relayed", RELAYED)
@pytest.mark.parametrize("script", STREAMED.values(), ids=STREAMED)
async def test_a_stream(script: Script, relayed: bool) -> None:
    async with RawUpstream(script) as server, house(place(server, timeouts=QUICK, retries=TWICE)) as it:
        with nothing_left_for_the_collector():
            await ask_and_read(it, a_request(relayed, stream=True))


async def test_an_unreachable_provider() -> None:
    async with house(nowhere("vllm"), nowhere("compatible")) as it:
        with nothing_left_for_the_collector():
            await ask_and_read(it, plain())


async def test_no_such_host() -> None:
    lost = Deployment(id="lost", provider="compatible", model="m", base_url="http://host.invalid", retries=TWICE)
    async with house(lost) as it:
        with nothing_left_for_the_collector():
            await ask_and_read(it, plain())


async def test_every_deployment_fails_in_its_own_way() -> None:
    async with (
        RawUpstream(refusing(503)) as refused,
        RawUpstream(resetting) as reset,
        RawUpstream(silent) as still,
        house(
            nowhere("vllm"),
            place(refused, retries=TWICE),
            place(reset, "two", retries=TWICE),
            place(still, "three", timeouts=QUICK),
        ) as it,
    ):
        with nothing_left_for_the_collector():
            await ask_and_read(it, plain(stream=True))


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_the_client_leaves(stream: bool) -> None:
    scripts = [silent, streaming(ROLE, HEL, then="silence") if stream else stalling]
    for script in scripts:
        async with RawUpstream(script) as server, house(place(server)) as it:
            with nothing_left_for_the_collector():
                task = asyncio.create_task(ask_and_read(it, plain(stream=stream)))
                await asyncio.sleep(0.05)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                del task


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(plain(sampling=Sampling(top_k=3)), id="unsupported"),
        pytest.param(
            ChatRequest(model="fast", messages=(Message("user", (Text("a"), ToolCall("c", "f", "{}"))),)), id="invalid"
        ),
        pytest.param(ChatRequest(model="slow", messages=()), id="unknown-model"),
    ],
)
async def test_a_request_that_is_never_sent(request_: ChatRequest) -> None:
    places = [Deployment(id=name, provider="openai", model="m", base_url="http://127.0.0.1:1") for name in "ab"]
    async with house(*places) as it:
        with nothing_left_for_the_collector():
            await ask_and_read(it, request_)


class Broken:
    """A provider of this process that fails after a piece, or before."""

    name = "broken"
    profile = Profile(title="Broken", base_url="")
    support = Support(namespace="broken", knobs=frozenset())

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        return self._say()

    async def _say(self) -> AsyncIterator[Sequence[StreamEvent]]:
        for _ in range(self._pieces):
            yield [Start("", "m"), PartStart(0, Text("a"))]
        raise UpstreamBroken("Nothing more comes.")


@pytest.mark.parametrize("pieces", [0, 1])
async def test_a_provider_of_this_process_fails(pieces: int) -> None:
    broken = Deployment(id="broken", provider="broken", model="m", retries=TWICE)
    async with house(broken, providers={"broken": Broken(pieces)}) as it:
        with nothing_left_for_the_collector():
            await ask_and_read(it, plain(stream=True))
