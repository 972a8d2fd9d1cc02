"""Replies of odd but real shapes: small ones, each written to what a provider really sends, and what they mean.

``WIRE.yaml`` maps what is odd to the reply. ``reply`` is a whole body; ``stream`` has a line for every event's data.
``answer`` is the ``Answer`` that it folds into, as ``told`` tells it; ``broken`` is what the error says where there is
none. ``relayed`` is what the ledger is told, of a wire that nobody translates.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml

from tests.support.contract import ON_WIRES
from turnout.core import Answer, ChatRequest, StreamEvent, WireBody
from turnout.providers import Decoder, RelayingOperation

HERE = Path(__file__).parent
REQUEST_WIRES = {"openai-responses": "openai"}
"""The provider whose operation reads a wire, where the two aren't called the same."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    wire: str
    name: str
    reply: str | None = None
    stream: str | None = None
    answer: dict[str, Any] | None = None
    broken: str | None = None
    relayed: dict[str, Any] | None = None

    @property
    def data(self) -> bytes:
        """As it comes over the socket."""
        if self.stream is None:
            return str(self.reply).strip().encode()
        return framed(self.wire, self.stream.splitlines())

    def request(self) -> ChatRequest:
        return ChatRequest(
            model="m",
            messages=(),
            stream=self.stream is not None,
            stream_usage=True,
            raw=WireBody(self.wire, {}),
        )

    def decoder(self) -> Decoder:
        return self._operation().decoder(self.request())

    def relay(self) -> Decoder:
        return self._operation().relay(self.request())

    def _operation(self) -> RelayingOperation[ChatRequest]:
        operation = ON_WIRES[REQUEST_WIRES.get(self.wire, self.wire)].operation(self.request())
        return cast(RelayingOperation[ChatRequest], operation)


def framed(wire: str, lines: Iterable[str]) -> bytes:
    """The data of events, as the wire frames them."""
    if wire == "ollama":
        return "".join(f"{line}\n" for line in lines).encode()
    if wire == "gemini":
        return "".join(f"data: {line}\r\n\r\n" for line in lines).encode()
    if wire == "openai":
        return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()
    return "".join(f"event: {json.loads(line)['type']}\ndata: {line}\n\n" for line in lines).encode()


@cache
def shapes() -> list[Shape]:
    return [
        Shape(wire=file.stem, name=name, **told)
        for file in sorted(HERE.glob("*.yaml"))
        for name, told in yaml.safe_load(file.read_text()).items()
    ]


def events(decoder: Decoder, pieces: Sequence[bytes]) -> list[StreamEvent]:
    return [*(event for piece in pieces for event in decoder.feed(piece)), *decoder.close()]


def told(answer: Answer) -> Any:
    """An answer as data, without what is empty or zero, and without the provider's own error."""
    told_of = json.loads(msgspec.json.encode(answer))
    (told_of.get("failure") or {}).pop("words", None)
    return plain(told_of)


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: plain(item) for name, item in value.items() if item not in (None, 0, "", [], "reported")}
