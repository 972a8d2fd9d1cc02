"""The calls of a reply, in the form of the client's tools.

Functions and custom tools have ``tool_calls``. A client that said ``functions`` gets the first call as
``function_call`` (https://platform.openai.com/docs/api-reference/chat/object).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from turnout.core import OLD_FUNCTION, ChatRequest, Extensions, OwnTool, PartStart, ToolCall
from turnout.dialects.openai import custom_tools
from turnout.dialects.openai.own_tools import own_tools_of

from .details import extra_of
from .tools import CUSTOM

_encode = msgspec.json.encode
_PIECE = b'{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}'
_LEGACY_PIECE = b'{"function_call":{"arguments":%s}}'
_CALLED = "tool_calls"
Key = tuple[int, int]
"""Choice and part."""


class Calls:
    """The calls of one reply. ``own`` are read at the first call."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._own: dict[str, OwnTool] | None = None

    def kind(self, function: str) -> str:
        """``function``, ``custom`` or ``functions``."""
        if self._own is None:
            self._own = own_tools_of(self._request)
        own = self._own.get(function)
        return "function" if own is None else own.type

    def message_fields(self, calls: Sequence[ToolCall]) -> dict[str, Any]:
        """The fields of a whole message."""
        if not calls:
            return {}
        if self.kind(calls[0].name) == OLD_FUNCTION:
            return {"function_call": {"name": calls[0].name, "arguments": calls[0].arguments}}
        return {_CALLED: [self.call_fields(call) for call in calls]}

    def call_fields(self, call: ToolCall) -> dict[str, Any]:
        """A whole tool call."""
        kind = self.kind(call.name)
        if kind == CUSTOM:
            said = {"name": call.name, "input": custom_tools.input_of(call.arguments) if call.arguments else ""}
        else:
            kind, said = "function", {"name": call.name, "arguments": call.arguments}
        return {"id": call.id, "type": kind, kind: said, **extra_of(call.extensions)}

    def reason(self, reason: str, calls: Sequence[ToolCall]) -> str:
        """The choice's ``finish_reason``."""
        return "function_call" if reason == _CALLED and calls and self.kind(calls[0].name) == OLD_FUNCTION else reason


class CallDeltas:
    """The deltas of a stream's calls, each as JSON. Empty for what has no place."""

    def __init__(self, request: ChatRequest) -> None:
        self._calls = Calls(request)
        self._numbers: dict[Key, int] = {}  # the call's number in its choice
        self._texts: dict[Key, list[str]] = {}  # of custom tools
        self._legacy: dict[int, int] = {}  # choice → the part with its only call

    def __contains__(self, key: Key) -> bool:
        return key in self._numbers

    def start(self, event: PartStart, call: ToolCall) -> bytes:
        key = (event.choice, event.index)
        number = self._numbers[key] = sum(choice == event.choice for choice, _ in self._numbers)
        kind = self._calls.kind(call.name)
        if kind == OLD_FUNCTION:
            return self._legacy_start(key, call)
        if kind == CUSTOM:
            self._texts[key] = [call.arguments]
            call = msgspec.structs.replace(call, arguments="")
        return _encode({_CALLED: [{"index": number, **self._calls.call_fields(call)}]})

    def _legacy_start(self, key: Key, call: ToolCall) -> bytes:
        """Only the first call of a choice has a place."""
        if key[0] in self._legacy:
            return b""
        self._legacy[key[0]] = key[1]
        return _encode(self._calls.message_fields((call,)))

    def piece(self, key: Key, text: str) -> bytes:
        if key in self._texts:
            self._texts[key].append(text)
            return b""
        if key[0] in self._legacy:
            return _LEGACY_PIECE % _encode(text) if self._legacy[key[0]] == key[1] else b""
        return _PIECE % (self._numbers[key], _encode(text))

    def end(self, key: Key, extensions: Extensions) -> Iterator[bytes]:
        """A custom tool's text is known when the arguments are whole; so is the signature of a call."""
        pieces, number = self._texts.pop(key, None), self._numbers[key]
        if pieces is not None:
            yield _encode({_CALLED: [{"index": number, "custom": {"input": custom_tools.input_of("".join(pieces))}}]})
        extra = extra_of(extensions)
        if extra and key[0] not in self._legacy:
            named = {} if pieces is not None else {"function": {"arguments": ""}}
            yield _encode({_CALLED: [{"index": number, **named, **extra}]})

    def reason(self, reason: str, choice: int) -> str:
        return "function_call" if reason == _CALLED and choice in self._legacy else reason
