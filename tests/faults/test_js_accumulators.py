"""The rules themselves: what the SDKs would throw at, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.js_accumulators import Items, lacks_fields

MESSAGE = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}
THOUGHT = {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "summary": []}}


def part(kind: str, at: int = 0) -> dict[str, Any]:
    return {"type": "response.content_part.added", "output_index": 0, "content_index": at, "part": {"type": kind}}


def said(event: str, at: int = 0, item: int = 0) -> dict[str, Any]:
    return {"type": f"response.{event}", "output_index": item, "content_index": at}


def summary(event: str, at: int = 0) -> dict[str, Any]:
    return {"type": f"response.reasoning_summary_{event}", "output_index": 0, "summary_index": at}


@pytest.mark.parametrize(
    ("events", "misplaced"),
    [
        pytest.param([MESSAGE, part("output_text"), said("output_text.delta")], False, id="text"),
        pytest.param([THOUGHT, summary("part.added"), summary("text.delta")], False, id="summary"),
        pytest.param([{"type": "response.created"}], False, id="no-item"),
        pytest.param([said("output_text.delta")], True, id="no-such-item"),
        pytest.param([MESSAGE | {"output_index": 1}], True, id="an-item-too-far"),
        pytest.param([MESSAGE, MESSAGE], True, id="an-item-twice"),
        pytest.param([MESSAGE, said("output_text.delta")], True, id="no-such-part"),
        pytest.param([MESSAGE, part("output_text", 1)], True, id="a-part-too-far"),
        pytest.param([MESSAGE, part("refusal"), said("output_text.delta")], True, id="another-part"),
        pytest.param([THOUGHT, summary("text.delta")], True, id="no-such-summary"),
        pytest.param([THOUGHT, summary("part.added", 1)], True, id="a-summary-too-far"),
    ],
)
def test_the_last_event_is_where_it_belongs(events: list[dict[str, Any]], misplaced: bool) -> None:
    items = Items()
    assert [items.is_misplaced(event) for event in events] == [False] * (len(events) - 1) + [misplaced]


@pytest.mark.parametrize("lacking", ["", "role", "id", "type", "name", "arguments"])
def test_a_whole_chat_has_all_that_an_sdk_needs(lacking: str) -> None:
    def without(fields: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name != lacking}

    call = without({"index": 0, "id": "c", "type": "function"})
    call |= {"function": without({"name": "f", "arguments": ""})}
    deltas = [without({"role": "assistant"}), {"content": "x"}, {"tool_calls": [call]}, {"tool_calls": [{"index": 0}]}]
    assert lacks_fields(deltas) is bool(lacking)
