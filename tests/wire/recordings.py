"""Recordings of real replies: what they say, read from their JSON without the product's decoders.

``WIRE/**/NAME.json`` is a whole reply, ``NAME.chunks.txt`` a stream with the data of one event in each line,
``NAME.sse`` a stream as it came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.wire.shape import Shape, framed

WIRES = {
    "anthropic": "anthropic",
    "google": "gemini",
    "openai/chat": "openai",
    "openai-compatible/chat": "openai",
    "openai/responses": "openai-responses",
    "azure": "openai-responses",
    "ollama": "ollama",
}
"""The wire by the folder, whose name begins the recording's path."""


_ENDS = frozenset({"message_stop", "response.completed", "response.incomplete", "response.failed"})


class Spoken(msgspec.Struct, frozen=True):
    """``calls`` have a name and arguments, by their paths."""

    text: str
    thoughts: str
    calls: tuple[tuple[str, Any], ...]


class Recording(msgspec.Struct, frozen=True):
    name: str
    wire: str
    data: bytes
    events: tuple[dict[str, Any], ...]
    stream: bool

    def shape(self) -> Shape:
        """It reads and relays the recording's kind of reply."""
        text = self.data.decode()
        return Shape(
            wire=self.wire, name=self.name, stream=text if self.stream else None, reply=None if self.stream else text
        )

    def spoken(self) -> Spoken:
        """What the reply says. Raises ``LookupError`` for a wire that is only relayed."""
        said = _Said()
        for event in self.events:
            READERS[self.wire](event, said)
        calls = [call for _, call in sorted(said.calls.items(), key=lambda item: str(item[0]))]
        return Spoken(said.text, said.thoughts, tuple((name, flat(_arguments(given))) for name, given in calls))


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """``{"a": [1, {"b": 2}]}`` → ``{".a[0]": 1, ".a[1].b": 2}``"""
    if not value or not isinstance(value, dict | list):
        return {path: value}
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    inner = [flat(each, f"{path}.{step}" if isinstance(step, str) else f"{path}[{step}]") for step, each in steps]
    return {name: leaf for leaves in inner for name, leaf in leaves.items()}


class _Said:
    def __init__(self) -> None:
        self.text = ""
        self.thoughts = ""
        self.calls: dict[Any, tuple[str, Any]] = {}

    def add_call(self, key: Any, name: str | None, arguments: Any) -> None:
        named, before = self.calls.get(key, ("", ""))
        both = before + arguments if isinstance(arguments, str) and isinstance(before, str) else arguments
        self.calls[key] = (named or name or "", both)


def recordings(folder: Path) -> Iterator[Recording]:
    """Those of a wire that Turnout speaks, and that are one answer, no error and not halves of two."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        wire = next((wire for start, wire in WIRES.items() if name.startswith(f"{start}/")), None)
        if wire is None or "interactions/" in name or path.suffix not in (".json", ".txt", ".sse"):
            continue
        data = path.read_bytes()
        events = _events(data, path.suffix)
        if (
            not events
            or "error" in name
            or "spliced" in name
            or any("error" in event and event["error"] for event in events)
        ):
            continue
        if wire == "openai-responses" and "choices" in events[0]:
            wire = "openai"  # a model of another vendor at Azure
        stream = path.suffix != ".json"
        if path.suffix == ".txt":
            data = framed(wire, [json.dumps(event, ensure_ascii=False) for event in events])
        yield Recording(name, wire, data, events, stream)


def _events(data: bytes, suffix: str) -> tuple[dict[str, Any], ...]:
    """Those of the first reply: some recordings have a whole conversation."""
    if suffix == ".json":
        return (json.loads(data),)
    lines = [line.removeprefix("data: ") for line in data.decode().split("\n")]
    try:
        events = [json.loads(line) for line in lines if line.startswith("{")]
    except json.JSONDecodeError:
        return ()  # whoever recorded it has damaged it
    ends = [at for at, event in enumerate(events, 1) if event.get("type") in _ENDS]
    return tuple(events[: ends[0] if ends else None])


def _arguments(given: Any) -> Any:
    return json.loads(given or "{}") if isinstance(given, str) else given


def _chat(event: dict[str, Any], said: _Said) -> None:
    for choice in event.get("choices") or ():
        piece = choice.get("delta") or choice.get("message") or {}
        said.text += piece.get("content") or ""
        said.thoughts += piece.get("reasoning_content") or piece.get("reasoning") or ""
        for place, call in enumerate(piece.get("tool_calls") or ()):
            function = call["function"]
            said.add_call(call.get("index", place), function.get("name"), function.get("arguments") or "")


def _anthropic(event: dict[str, Any], said: _Said) -> None:
    message = event.get("message") or event
    for place, block in enumerate(message.get("content") or ()):
        _block(f"whole {place:3}", block, said)
    if "content_block" in event:
        _block(f"{event['index']:3}", event["content_block"], said)
    delta = event.get("delta") or {}
    said.text += delta.get("text") or ""
    said.thoughts += delta.get("thinking") or ""
    key = f"{event.get('index', 0):3}"
    if delta.get("partial_json") and key in said.calls:
        name, before = said.calls[key]
        said.calls[key] = (name, (before if isinstance(before, str) else "") + delta["partial_json"])


def _block(key: str, block: dict[str, Any], said: _Said) -> None:
    if block["type"] == "text":
        said.text += block["text"]
    elif block["type"] == "thinking":
        said.thoughts += block["thinking"]
    elif block["type"] == "tool_use":
        said.calls[key] = (block["name"], block["input"])


def _gemini(event: dict[str, Any], said: _Said) -> None:
    for candidate in event.get("candidates") or ():
        for part in (candidate.get("content") or {}).get("parts") or ():
            if part.get("thought"):
                said.thoughts += part.get("text") or ""
            else:
                said.text += part.get("text") or ""
            call = part.get("functionCall") or {}
            if call.get("name"):
                said.calls[f"{len(said.calls):3}"] = (call["name"], call.get("args", {}))
            _partial(call.get("partialArgs") or (), said)


def _partial(pieces: Any, said: _Said) -> None:
    """Gemini's arguments in pieces have their paths already."""
    for piece in pieces:
        key, (name, arguments) = max(said.calls.items())
        place = piece["jsonPath"].removeprefix("$.")
        value = piece.get("stringValue", piece.get("numberValue", piece.get("boolValue")))
        before = arguments.get(place)
        arguments = arguments | {place: before + value if isinstance(before, str) else value}
        said.calls[key] = (name, arguments)


def _ollama(event: dict[str, Any], said: _Said) -> None:
    message = event.get("message") or {}
    said.text += message.get("content") or ""
    said.thoughts += message.get("thinking") or ""
    for call in message.get("tool_calls") or ():
        function = call["function"]
        said.calls[f"{len(said.calls):3}"] = (function["name"], function.get("arguments") or {})


READERS = {"openai": _chat, "anthropic": _anthropic, "gemini": _gemini, "ollama": _ollama}
"""One for each wire that is translated."""
