"""The rooms put together: how they stop, and the small requests that they make."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.raw_upstream import RawUpstream, Visit, ok, replying
from turnout.catalog import Catalog
from turnout.config import CommandLine
from turnout.core import WireRequest
from turnout.errors import UpstreamTimeout
from turnout.gateway import Gateway, GatewaySetup, fetch
from turnout.transport import Transport


async def test_what_follows_the_configuration_ends_before_what_it_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[str] = []
    close, began = Gateway.close, asyncio.Event()

    async def follow(catalog: Catalog, *uses: Any) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(3):
                await asyncio.sleep(0)
            ends.append("following")

    async def close_gateway(gateway: Gateway) -> None:
        ends.append("gateway")
        await close(gateway)

    monkeypatch.setattr(Catalog, "run", follow)
    monkeypatch.setattr(Gateway, "close", close_gateway)
    async with GatewaySetup(CommandLine(data_dir=str(tmp_path))).open():
        await began.wait()
    assert ends == ["following", "gateway"]


async def test_small_requests_give_status_headers_and_body_over_one_connection() -> None:
    transport = Transport()
    async with RawUpstream(replying(ok(b"[]", "X-Odd: a"))) as server:
        for _ in range(2):
            status, headers, body = await fetch(transport, WireRequest(server.url, {}, b"", "GET"), 5)
            assert (status, headers["x-odd"], body) == (200, "a", b"[]")
        assert len(server.visits) == 1
        await transport.close()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\na"], ids=["nothing", "half"])
async def test_a_small_request_without_a_whole_answer_in_time_is_given_up(sent: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(sent)
        await visit.until_left()

    transport = Transport()
    async with RawUpstream(script) as server:
        with pytest.raises(UpstreamTimeout, match=rf"{server.origin} did not answer within 0\.1 s"):
            await fetch(transport, WireRequest(server.url, {}, b"", "GET"), 0.1)
        await asyncio.wait_for(server.visits[0].left.wait(), 5)
        await transport.close()
