"""The proxy between a client and Turnout passes everything on, and keeps what was said."""

from __future__ import annotations

import asyncio

from scripts.clients.recorder import recording
from tests.simulator.raw import ask, send
from turnout.simulator import Simulator, start

CHAT = "/v1/chat/completions"


def port_of(simulated: Simulator) -> int:
    return int(simulated.url.rpartition(":")[2])


def body(prompt: str, *, stream: bool = False) -> dict[str, object]:
    return {"model": "sim", "stream": stream, "messages": [{"role": "user", "content": prompt}]}


async def test_what_was_said_is_kept() -> None:
    async with start() as simulated, recording(port_of(simulated)) as recorder:
        whole = await ask(recorder.url + CHAT, body("one"), {"X-Mark": "red"})
        stream = await ask(recorder.url + CHAT, body("two", stream=True))
    first, second = recorder.exchanges
    assert (first.method, first.path, first.status, first.headers["x-mark"]) == ("POST", CHAT, 200, "red")
    assert (first.body.decode().count("one"), first.reply) == (1, whole.body)
    assert (second.reply, second.reply_headers["content-type"]) == (stream.body, "text/event-stream")


async def test_two_requests_on_one_connection_get_their_own_replies() -> None:
    async with start() as simulated, recording(port_of(simulated)) as recorder:
        reader, writer = await send(recorder.url + CHAT, body("one"))
        await reader.readuntil(b"You said: one")
        writer.write(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b'"data":[')
        writer.close()
    assert [exchange.path for exchange in recorder.exchanges] == [CHAT, "/v1/models"]
    assert [b"You said" in exchange.reply for exchange in recorder.exchanges] == [True, False]


async def test_a_client_that_leaves_is_gone_for_the_server_too() -> None:
    async with start() as simulated, recording(port_of(simulated)) as recorder:
        reader, writer = await send(recorder.url + CHAT, body("[[sim stall-after-1]]", stream=True))
        await reader.readuntil(b"You")
        writer.close()
        async with asyncio.timeout(10):
            while simulated.attempts[-1].outcome == "open":  # noqa: ASYNC110 - the log has no event
                await asyncio.sleep(0.01)
    assert simulated.attempts[-1].outcome == "client_left"
