"""Tool calls on wires that have no ids for them, or have their arguments as JSON objects."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, ToolCall, ToolResult
from turnout.errors import InvalidRequest, UpstreamBroken

from .half_pairs import lost
from .odd_values import Mark
from .unreadable import UnreadableFrame, decode_reply

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_TEXT = msgspec.json.Decoder(str)


class CallIds:
    """Makes ids for tool calls that come without one: ``call_1``, ``call_2``, … It skips ids of the conversation.

    The client sends the id back with the call and its result, so it stays the same in every later turn.
    """

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._taken: frozenset[str] | None = None
        self._last = 0

    def make(self) -> str:
        if self._taken is None:
            self._taken = frozenset(tool_names(self._request))
            self._last = len(self._taken)
        while True:
            self._last += 1
            call_id = f"call_{self._last}"
            if call_id not in self._taken:
                return call_id


def tool_names(request: ChatRequest) -> dict[str, str]:
    """The tools' names by the ids of their calls, for every call in the conversation."""
    return {part.id: part.name for message in request.messages for part in message.parts if isinstance(part, ToolCall)}


def name_of(result: ToolResult, names: dict[str, str], where: str) -> str:
    """The name of the tool that gave ``result``. ``where`` is the message's path, for the error message."""
    name = result.name or names.get(result.call_id)
    if not name:
        raise InvalidRequest(
            f"The tool result in {where} answers the call '{result.call_id}', which no message makes.",
            param=where,
        )
    return name


def arguments_of(call: ToolCall, where: str) -> Raw:
    """A call's arguments as unchanged JSON text. Raises ``InvalidRequest`` if they aren't one JSON object."""
    text = call.arguments.strip() or "{}"
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequest(
            f"The arguments of the tool call '{call.id}' in {where} are not a JSON object: {error}.", param=where
        ) from error
    return Raw(text.encode())


def arguments_text(arguments: Raw, mark: Mark = lost) -> str:
    """A reply's whole arguments, byte for byte; ``{}`` if they are left out or null. Raises ``UpstreamBroken``."""
    return arguments_piece(arguments, mark) or "{}"


def arguments_piece(arguments: Raw, mark: Mark = lost) -> str:
    """A piece of a reply's arguments, byte for byte; may be empty. Raises ``UpstreamBroken``.

    OpenAI's wire has them as text, the others as an object. Servers on any wire send either. ``mark`` gives what stands
    for a half of a character.
    """
    data = bytes(arguments)
    if data.startswith(b'"'):
        try:
            return decode_reply(_TEXT, data, "The provider sent a tool call whose arguments can't be read.", mark)
        except UnreadableFrame as error:  # the frame can't be left out: it has a piece of a call
            raise UpstreamBroken(error.message, excerpt=error.excerpt) from None
    try:
        return data.decode() if data != b"null" else ""
    except UnicodeDecodeError as error:
        raise UpstreamBroken(f"The provider sent a tool call whose arguments are not UTF-8: {error}.") from error


def is_whole(arguments: str) -> bool:
    """Whether the text is a JSON object, and so has its end."""
    try:
        _OBJECT.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
