"""Streams of Responses as OpenAI frames them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

ID = "resp_0a63f40a2632b747"
BEGUN = {"id": ID, "object": "response", "created_at": 1, "status": "in_progress", "model": "gpt", "output": []}
TEXT = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}

Event = tuple[str, dict[str, Any]]
"""A type without ``response.``, and the other fields."""


def stream(events: Sequence[Event]) -> bytes:
    told = [{"type": f"response.{name}", "sequence_number": at, **fields} for at, (name, fields) in enumerate(events)]
    return b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in told)


def begun() -> list[Event]:
    return [("created", {"response": BEGUN}), ("in_progress", {"response": BEGUN})]


def thought(at: int, *paragraphs: str, encrypted: bool = True) -> list[Event]:
    place = {"item_id": f"rs_{at}", "output_index": at}
    sealed = [{"encrypted_content": "gAAA"}, {"encrypted_content": "gAAAB"}] if encrypted else [{}, {}]
    item = {"id": f"rs_{at}", "type": "reasoning", "summary": [], **sealed[0]}
    events: list[Event] = [("output_item.added", {"output_index": at, "item": item})]
    whole = [{"type": "summary_text", "text": text} for text in paragraphs]
    for number, part in enumerate(whole):
        inside = place | {"summary_index": number}
        events += [
            ("reasoning_summary_part.added", inside | {"part": {"type": "summary_text", "text": ""}}),
            ("reasoning_summary_text.delta", inside | {"delta": part["text"]}),
            ("reasoning_summary_text.done", inside | {"text": part["text"]}),
            ("reasoning_summary_part.done", inside | {"part": part}),
        ]
    done = item | {"summary": whole} | sealed[1]
    return [*events, ("output_item.done", {"output_index": at, "item": done})]


def message(at: int, *pieces: str, kind: str = "output_text") -> list[Event]:
    """``kind`` is ``output_text`` or ``refusal``."""
    field = "text" if kind == "output_text" else kind
    place = {"item_id": f"msg_{at}", "output_index": at}
    inside = place | {"content_index": 0}
    more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
    item = {"id": f"msg_{at}", "type": "message", "role": "assistant", "phase": "final_answer"}
    opened = TEXT if kind == "output_text" else {"type": kind, kind: ""}
    whole = opened | {field: "".join(pieces)}
    added: Event = "output_item.added", {"output_index": at, "item": item | {"status": "in_progress", "content": []}}
    return [
        added,
        ("content_part.added", inside | {"part": opened}),
        *[(f"{kind}.delta", inside | {"delta": piece} | more) for piece in pieces],
        (f"{kind}.done", inside | {field: whole[field]} | more),
        ("content_part.done", inside | {"part": whole}),
        ("output_item.done", {"output_index": at, "item": item | {"status": "completed", "content": [whole]}}),
    ]


def call(at: int, name: str, *pieces: str, custom: bool = False) -> list[Event]:
    field, events = ("input", "custom_tool_call_input") if custom else ("arguments", "function_call_arguments")
    place = {"item_id": f"fc_{at}", "output_index": at}
    kind = "custom_tool_call" if custom else "function_call"
    item = {"id": f"fc_{at}", "type": kind, "call_id": f"call_{at}", "name": name, "status": "in_progress"}
    whole = "".join(pieces)
    return [
        ("output_item.added", {"output_index": at, "item": item | {field: ""}}),
        *[(f"{events}.delta", place | {"delta": piece}) for piece in pieces],
        (f"{events}.done", place | {field: whole}),
        ("output_item.done", {"output_index": at, "item": item | {"status": "completed", field: whole}}),
    ]


def hosted(at: int, kind: str, **fields: Any) -> list[Event]:
    """What the provider does itself."""
    item = {"id": f"h_{at}", "type": kind, "status": "in_progress"}
    return [
        ("output_item.added", {"output_index": at, "item": item | fields}),
        (f"{kind}.in_progress", {"item_id": f"h_{at}", "output_index": at}),
        ("output_item.done", {"output_index": at, "item": item | {"status": "completed"} | fields}),
    ]


def completed(output: Sequence[dict[str, Any]] = ()) -> list[Event]:
    usage = {"input_tokens": 9, "output_tokens": 5, "total_tokens": 14}
    return [("completed", {"response": BEGUN | {"status": "completed", "output": list(output), "usage": usage}})]
