"""What the official JavaScript SDKs refuse when they put a stream together, as rules: an SDK would throw.

The rules are those of ``openai-node`` (``ResponseAccumulator.ts`` and ``ChatCompletionStream.ts`` in ``src/lib``), and
of ``anthropic-sdk-typescript`` (``src/lib/MessageStream.ts``). Those of the latter are about the order of events. They
are in ``received.py``, as the dialect itself has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

TYPES: Mapping[str, str] = {
    "response.output_text.delta": "output_text",
    "response.output_text.done": "output_text",
    "response.refusal.delta": "refusal",
    "response.refusal.done": "refusal",
    "response.reasoning_text.delta": "reasoning_text",
    "response.reasoning_text.done": "reasoning_text",
}
"""Of the part that the event is for."""

_OF_A_CALL = {"id", "type", "name", "arguments"}


class _Item(msgspec.Struct):
    """``parts`` has the types of its content, ``summary`` the number of its summary's parts."""

    parts: list[str]
    summary: int


class Items:
    """The output of a response while it arrives. ``is_misplaced`` takes its events one after another."""

    def __init__(self) -> None:
        self._items: list[_Item] = []

    def is_misplaced(self, event: Mapping[str, Any]) -> bool:
        """Whether the event is for an item or a part that isn't there, or that is another one."""
        at = event.get("output_index")
        if at is None:
            return False
        if event["type"] == "response.output_item.added":
            self._items.append(_item(event["item"]))
            return bool(at != len(self._items) - 1)
        if at >= len(self._items):
            return True
        if event["type"] == "response.output_item.done":
            self._items[at] = _item(event["item"])
            return False
        item = self._items[at]
        if "summary_index" in event:
            return _is_misplaced_in_summary(event, item)
        return "content_index" in event and _is_misplaced_in_content(event, item)


def _item(item: Mapping[str, Any]) -> _Item:
    return _Item([part["type"] for part in item.get("content") or ()], len(item.get("summary") or ()))


def _is_misplaced_in_summary(event: Mapping[str, Any], item: _Item) -> bool:
    if event["type"] == "response.reasoning_summary_part.added":
        item.summary += 1
        return bool(event["summary_index"] != item.summary - 1)
    return bool(event["summary_index"] >= item.summary)


def _is_misplaced_in_content(event: Mapping[str, Any], item: _Item) -> bool:
    at = event["content_index"]
    if event["type"] == "response.content_part.added":
        item.parts.append(event["part"]["type"])
        return bool(at != len(item.parts) - 1)
    return bool(at >= len(item.parts) or TYPES.get(event["type"], item.parts[at]) != item.parts[at])


def lacks_fields(deltas: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a chat that has its finish never got a role, or a call of it an id, a type, a name or arguments."""
    calls: dict[int, set[str]] = {}
    for delta in deltas:
        for call in delta.get("tool_calls") or ():
            fields = {**call, **call.get("function", {})}
            calls.setdefault(call["index"], set()).update(name for name in _OF_A_CALL if fields.get(name) is not None)
    return not any(delta.get("role") for delta in deltas) or any(told != _OF_A_CALL for told in calls.values())
