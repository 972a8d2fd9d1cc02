"""The line of figures under an answer of ``turnout chat``."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from turnout.cli.chat.turn import Turn
from turnout.core import Usage
from turnout.library import Reply, Turnout


def figures(**fields: Any) -> str:
    turn = Turn(cast(Turnout, SimpleNamespace(stream=lambda **_: None)), "fast", [])
    turn._total_seconds = 1.5
    usual = {"deployment": "p/m", "usage": Usage(input=3, output=4), "cost_usd": Decimal("0.5"), "attempts": 1}
    turn.reply = cast(Reply, SimpleNamespace(**usual | {"finish": "stop"} | fields))
    return turn.figures()


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "p/m · 3 tokens in, 4 out · $0.5 · total 1.50 s"),
        ({"attempts": 2}, "p/m · 3 tokens in, 4 out · $0.5 · total 1.50 s · 2 attempts"),
        ({"cost_usd": None}, "p/m · 3 tokens in, 4 out · price unknown · total 1.50 s"),
        ({"finish": "length"}, "p/m · 3 tokens in, 4 out · $0.5 · total 1.50 s · cut off at the limit of tokens"),
    ],
)
def test_figures_name_what_is_unusual(fields: dict[str, Any], line: str) -> None:
    assert figures(**fields) == line
