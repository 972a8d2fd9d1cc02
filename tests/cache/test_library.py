"""The library has the same cache."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import turnout
from tests.library.support import configured, isolate


async def test_the_second_answer_costs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolate(monkeypatch, tmp_path)
    config = configured("", {"m": "echo/echo"}, cache={"exact": {}}, discovery=False)
    async with turnout.open(config) as t:
        messages = [{"role": "user", "content": "Hello"}]
        first, again = [await t.chat(model="m", messages=messages, temperature=0) for _ in range(2)]
        assert (first.text, first.attempts) == ("Hello", 1)
        assert (again.text, again.attempts, again.cost_usd) == ("Hello", 0, Decimal(0))
        assert again.usage == first.usage
        stream = t.stream(model="m", messages=messages, temperature=0)
        assert "".join([piece async for piece in stream.pieces()]) == "Hello"
        assert stream.reply.attempts == 0
