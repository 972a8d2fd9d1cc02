"""Disturbs a reply by what says nothing: fields nobody knows, nulls, their order, comments, the form of the frames."""

from __future__ import annotations

import json
from random import Random
from typing import Any

ODD_FIELDS: dict[str, Any] = {
    "x_odd": {"a": [1, None]},
    "system_fingerprint": 5,
    "service_tier": None,
    "created_at": 1.5,
    "object": ["odd"],
    "finishMessage": 3,
    "avgLogprobs": float("nan"),
}
"""On every wire, in any object that isn't the model's own."""

NULLS: dict[str, tuple[str, ...]] = {
    "openai": ("refusal", "tool_calls", "function_call", "reasoning", "audio", "usage", "logprobs", "error", "message"),
    "anthropic": ("stop_sequence", "container", "stop_details", "citations", "usage", "error", "signature"),
    "gemini": ("functionCall", "inlineData", "safetyRatings", "usageMetadata", "promptFeedback", "error", "thought"),
    "ollama": ("images", "tool_calls", "thinking", "error", "logprobs", "context"),
}
THE_MODELS_OWN = frozenset({"arguments", "args", "input", "partial_json", "x_odd", "content_block"})
"""Fields whose value is not disturbed."""


def disturbed(value: Any, wire: str, random: Random) -> Any:
    if isinstance(value, list):
        return [disturbed(item, wire, random) for item in value]
    if not isinstance(value, dict):
        return value
    fields = {
        name: inner if name in THE_MODELS_OWN else disturbed(inner, wire, random) for name, inner in value.items()
    }
    if random.random() < 0.2:
        name = random.choice(list(ODD_FIELDS))
        fields.setdefault(name, ODD_FIELDS[name])
    if random.random() < 0.2:
        fields.setdefault(random.choice(NULLS[wire]), None)
    names = list(fields)
    if random.random() < 0.5:
        random.shuffle(names)
    return {name: fields[name] for name in names}


def as_json(value: Any, random: Random, indent: int | None = None) -> str:
    """Halves of characters can only be escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    is_text = text.encode("utf-8", "replace").decode() == text
    return text if is_text and random.random() < 0.5 else json.dumps(value, indent=indent)


def event_stream(wire: str, replies: list[Any], random: Random) -> bytes:
    """Server-sent events, in any of the forms that the standard allows but for lines that end in CR."""
    end = random.choice(("\n", "\n", "\r\n"))
    frames = [random.choice(("", "", "\ufeff"))]
    for reply in [*replies, *(["[DONE]"] if wire == "openai" or random.random() < 0.2 else [])]:
        if random.random() < 0.3:
            frames.append(random.choice(_nothings(wire, end, random)))
        indent = random.choice((None, None, 1))
        lines = [reply] if isinstance(reply, str) else as_json(reply, random, indent).split("\n")
        name = reply["type"] if wire == "anthropic" and isinstance(reply, dict) else "message"
        head = [f"event: {name}"] if random.random() < 0.5 else []
        space = random.choice((" ", " ", ""))
        frames.append(end.join([*head, *[f"data:{space}{line}" for line in lines], "", ""]))
    return "".join(frames).encode()


def _nothings(wire: str, end: str, random: Random) -> tuple[str, ...]:
    """Comments, empty events, and an event that the wire hasn't got yet."""
    unknown = {"type": "odd_event", "index": 9} if wire == "anthropic" else {"odd_event": {"a": 1}}
    empty = (f"data:{end}{end}", f"event: ping{end}data: {end}{end}", f"data: null{end}{end}")
    return (*empty, f": ping{end}{end}", f":{end}", end, f"id: 1{end}", f"data: {as_json(unknown, random)}{end}{end}")


def json_lines(replies: list[Any], random: Random) -> bytes:
    end = random.choice(("\n", "\r\n", "\n\n"))
    return "".join([random.choice(("", "\ufeff")), *[as_json(reply, random) + end for reply in replies]]).encode()
