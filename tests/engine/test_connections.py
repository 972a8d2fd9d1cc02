"""An attempt gives its connection back when its answer is whole, and reads no error without end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.engine.support import house, place
from tests.engine.test_settling import CHUNKED, HEL, PLAIN, RELAYED, STOP
from tests.support.forward_proxy import ForwardProxy
from tests.support.openai_wire import DONE, choice, completion
from tests.support.raw_upstream import RawUpstream, Visit, chunked, ok, replying
from turnout.core import ChatRequest, Network, Secret
from turnout.errors import UpstreamRefused

UNARY = ChatRequest(model="fast", messages=PLAIN.messages)
HELLO = ok(completion(choice(content="Hello")))


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        pytest.param(UNARY, HELLO, id="whole"),
        pytest.param(PLAIN, CHUNKED + chunked(HEL, STOP, DONE), id="stream"),
        pytest.param(RELAYED, CHUNKED + chunked(HEL, STOP, DONE), id="relayed-stream"),
    ],
)
async def test_a_whole_answer_leaves_its_connection_for_the_next(request_: ChatRequest, reply: bytes) -> None:
    async with RawUpstream(replying(reply)) as server, house(place(server)) as it:
        for _ in range(3):
            await (await it.ask(request_)).read_all()
        assert (len(server.requests), len(server.visits)) == (3, 1)


async def test_a_deployment_is_asked_through_its_proxy() -> None:
    async with RawUpstream(replying(HELLO)) as server, ForwardProxy(leads_to=server.port) as proxy:
        network = Network(proxy=Secret(proxy.url))
        async with house(place(server, base_url="http://llm.test/v1", network=network)) as it:
            await (await it.ask(UNARY)).read_all()
        assert proxy.first_lines == ["POST http://llm.test/v1/chat/completions HTTP/1.1"]


async def endless_error(visit: Visit) -> None:
    """Its body goes on for as long as somebody reads it."""
    await visit.request()
    await visit.send(b"HTTP/1.1 500 No\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        while True:
            await visit.send(b" " * 65536)
    visit.left.set()


async def test_an_error_without_end_is_told_all_the_same() -> None:
    async with RawUpstream(endless_error) as server, house(place(server)) as it:
        with pytest.raises(UpstreamRefused, match="answered 500"):
            await asyncio.wait_for(it.ask(UNARY), 10)
        await asyncio.wait_for(server.visits[0].left.wait(), 10)
