"""A connection that has ended, or was never made, is freed at once with everything that it held."""

from __future__ import annotations

import contextlib

import pytest

from tests.support.garbage import nothing_left_for_the_collector
from tests.support.raw_upstream import RawUpstream, Script, ok, replying
from turnout.core import WireRequest
from turnout.errors import UpstreamError
from turnout.transport import Transport

pytestmark = pytest.mark.usefixtures("earlier_objects_are_frozen")


async def send_and_read(transport: Transport, url: str) -> None:
    with contextlib.suppress(UpstreamError):
        response = await transport.send(WireRequest(url, {}, b"{}"), 5)
        await response.read_all(1000)
        response.abort()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(replying(ok()), id="whole"),
        pytest.param(replying(b"", close=True), id="hung-up"),
        pytest.param(replying(ok()[:-1], close=True), id="cut"),
        pytest.param(replying(b"garbage\r\n\r\n", close=True), id="not-http"),
    ],
)
async def test_a_reply(script: Script) -> None:
    async with RawUpstream(script) as server:
        transport = Transport()
        with nothing_left_for_the_collector():
            await send_and_read(transport, server.url)
            await transport.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://host.invalid/v1", "http://127.0.0.1/\n"])
async def test_no_connection(url: str) -> None:
    transport = Transport()
    with nothing_left_for_the_collector():
        await send_and_read(transport, url)
    await transport.close()
