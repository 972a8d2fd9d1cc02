"""A short stream that is cut at every byte, with nobody to go on: never does what came look like the whole answer."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.check import assert_none
from tests.faults.received import request
from tests.faults.stage import PROMPT, Stage
from tests.faults.table import OWN, named
from tests.simulator.raw import ask

AT_ONCE = 48
STEPS = {"chat": 3, "ollama": 1, "gemini": 2, "anthropic": 3, "responses": 7}
"""Every byte of the shortest one."""


async def _length(stage: Stage, dialect: str) -> int:
    path, body = request(dialect, "sim-words-1-cut-stream-byte-9999", PROMPT, stream=True)
    reply = await ask(
        stage.simulator.root + path, body, {"anthropic-version": "2023-06-01"} if dialect == "anthropic" else {}
    )
    assert reply.end == "closed"
    return len(reply.body)


@pytest.mark.parametrize("dialect", named((f"every-byte-of-{dialect}", dialect) for dialect in OWN))
async def test_a_stream_is_cut_at_every_byte(stage: Stage, dialect: str) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    length = await _length(stage, dialect)

    async def cut_at(byte: int) -> list[str]:
        async with room:
            model = f"{OWN[dialect]}/sim-words-1-cut-stream-byte-{byte}"
            got = await stage.ask(dialect, model, stream=True)
        told = list(got.misformed)
        if got.finished == bool(got.error):
            told.append(f"finished: {got.finished}, with the error {got.error!r}")
        if got.text not in ("", "word1") or (got.finished and not got.text):
            told.append(f"the text {got.text!r}")
        return told

    cuts = range(0, length, STEPS[dialect])
    found = dict(zip(cuts, await asyncio.gather(*map(cut_at, cuts)), strict=True))
    assert_none({f"byte {byte}": told for byte, told in found.items() if told})
