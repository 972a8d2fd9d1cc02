"""Sends a question with each vendor's official SDK, and gives the reply in one form, so that tests can compare replies.

Each module has ``client(base_url, key)``, which keeps its clients because a new one reads all certificates of the
machine, and ``ask(client, question, stream=…)``. A test asks the provider's stand-in with the vendor's own SDK, asks
Turnout in front of it with any SDK, and compares two ``Reply`` values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

KEY = "sk-test"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
"""A red pixel."""


class Tool(msgspec.Struct, frozen=True):
    name: str
    schema: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})
    description: str = "A tool."


class Call(msgspec.Struct, frozen=True):
    """A tool call. Calls are equal if their names and arguments are. Ids don't count, as Turnout may have to make them.

    ``text`` is the JSON of the ``arguments``, on wires that send text.
    """

    name: str
    arguments: Any
    id: str = ""
    text: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and (self.name, self.arguments) == (other.name, other.arguments)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """``calls`` are those of the earlier reply, and ``results`` their results, in the same order."""

    prompt: str
    model: str
    system: str = ""
    tools: tuple[Tool, ...] = ()
    image: bytes = b""
    calls: tuple[Call, ...] = ()
    results: tuple[str, ...] = ()
    max_tokens: int = 512


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """``finish`` is one of OpenAI's: stop, length, tool_calls; empty if the provider gave none.

    Tokens are 0 if it counted none.
    """

    text: str
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    finish: str
    input_tokens: int
    output_tokens: int


FINISH: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "FUNCTION_CALL": "tool_calls",  # aimock's own; the real Gemini says STOP
}


def finish(native: str | None, *, called: bool = False) -> str:
    """The finish in OpenAI's words. ``called``: there are tool calls, which some wires end with "stop"."""
    word = FINISH.get(native or "", native or "")
    return "tool_calls" if called and word == "stop" else word
