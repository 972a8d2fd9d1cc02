"""Messages → the core's messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from turnout.core import Image, Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from turnout.core.images import media_type_of
from turnout.errors import InvalidRequest

from . import ollama_bodies as wire

_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


def conversation(messages: list[wire.Message]) -> Iterator[Message]:
    """Raises ``InvalidRequest`` naming the field that is wrong, in the form ``messages[0].images[1]``."""
    calls = _Calls(messages)
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = _ROLES.get(message.role.lower())  # Ollama doesn't mind capitals
        if role is None:
            field = f"{where}.role"
            raise InvalidRequest(f"Invalid '{field}': expected one of {', '.join(_ROLES)}.", param=field)
        yield Message(role, tuple(_parts(role, message, calls, where)))


def images(encoded: Iterable[str], where: str) -> Iterator[Image]:
    """Ollama tells no media types: the data does."""
    for number, data in enumerate(encoded):
        media_type = media_type_of(data)
        if media_type is None:
            field = f"{where}[{number}]"
            raise InvalidRequest(f"Invalid '{field}': expected the bare base64 of an image.", param=field)
        yield Image(data=data, media_type=media_type)


def _parts(role: Role, message: wire.Message, calls: _Calls, where: str) -> Iterator[Part]:
    """Ollama's templates put a message's images before its text, and so do vendors' guides."""
    pictures = images(message.images or (), f"{where}.images")
    if role == "tool":
        call_id, name = calls.answered_by(message)
        yield ToolResult(call_id, (Text(message.content or ""), *pictures), name=name)
        return
    if message.thinking and role == "assistant":
        yield Thinking(message.thinking)
    yield from pictures
    if message.content or not (message.tool_calls or message.images or message.thinking):
        yield Text(message.content or "")
    for number, call in enumerate(message.tool_calls or ()):
        yield calls.made(call, f"{where}.tool_calls[{number}]")


class _Calls:
    """Gives ids to calls that come without, and finds the call that a result without an id answers.

    The whole conversation is sent with every turn, so an id made by counting stays the same.
    """

    def __init__(self, messages: list[wire.Message]) -> None:
        self._taken = {call.id for message in messages for call in message.tool_calls or ()}
        self._last = 0
        self._waiting: list[tuple[str, str]] = []  # ids and names of calls without a result so far

    def made(self, call: wire.ToolCall, where: str) -> ToolCall:
        arguments = bytes(call.function.arguments).decode()
        if arguments in ("", "null"):
            arguments = "{}"
        elif not arguments.startswith("{"):
            field = f"{where}.function.arguments"
            raise InvalidRequest(f"Invalid '{field}': expected an object.", param=field)
        call_id = call.id or self._make()
        self._waiting.append((call_id, call.function.name))
        return ToolCall(call_id, call.function.name, arguments)

    def answered_by(self, message: wire.Message) -> tuple[str, str | None]:
        """The id and the tool's name: of the first call waiting that fits what the result says of itself."""
        for waiting in self._waiting:
            call_id, name = waiting
            if message.tool_call_id in (None, "", call_id) and message.tool_name in (None, "", name):
                self._waiting.remove(waiting)
                return waiting
        return message.tool_call_id or self._make(), message.tool_name or None

    def _make(self) -> str:
        while True:
            self._last += 1
            made = f"call_{self._last}"
            if made not in self._taken:
                return made
