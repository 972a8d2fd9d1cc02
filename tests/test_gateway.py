"""The rooms put together: how they stop, and the small requests that they make."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from turnout.catalog import Catalog
from turnout.config import CommandLine
from turnout.gateway import Gateway, GatewaySetup


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
