"""Messages → the core's messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw

from turnout.core import Image, Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from turnout.core.images import media_type_of
from turnout.errors import InvalidRequest

from . import ollama_bodies as wire

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}
_DATA_URL = re.compile(r"data:[^,]{0,200};base64,")


_TEXT = msgspec.json.Decoder(str)


def messages_of(messages: list[wire.Message]) -> Iterator[Message]:
    """Raises ``InvalidRequest`` with the path of the wrong field, such as ``messages[0].images[1]``."""
    call_ids = _CallIds(messages)
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        role = _ROLES.get(message.role.lower())  # Ollama accepts capitals
        if role is None:
            field = f"{where}.role"
            raise InvalidRequest(f"Invalid '{field}': expected one of {', '.join(_ROLES)}.", param=field)
        yield Message(role, tuple(_parts(role, message, call_ids, where)))


def images(encoded: Iterable[str], where: str) -> Iterator[Image]:
    """Ollama's clients send no media type. It is found from the data. Some send a data URL, which means the same."""
    for number, image in enumerate(encoded):
        prefix = _DATA_URL.match(image)
        data = image[prefix.end() :] if prefix else image
        media_type = media_type_of(data)
        if media_type is None:
            field = f"{where}[{number}]"
            raise InvalidRequest(f"Invalid '{field}': expected the bare base64 of an image.", param=field)
        yield Image(data=data, media_type=media_type)


def _parts(role: Role, message: wire.Message, call_ids: _CallIds, where: str) -> Iterator[Part]:
    """Puts a message's images before its text, as Ollama's templates and vendors' guides do."""
    image_parts = images(message.images or (), f"{where}.images")
    if role == "tool":
        call_id, name = call_ids.call_answered_by(message)
        yield ToolResult(call_id, (Text(message.content or ""), *image_parts), name=name)
        return
    if message.thinking and role == "assistant":
        yield Thinking(message.thinking)
    yield from image_parts
    if message.content or not (message.tool_calls or message.images or message.thinking):
        yield Text(message.content or "")
    for number, call in enumerate(message.tool_calls or ()):
        yield call_ids.tool_call(call, f"{where}.tool_calls[{number}]")


def _object_in(arguments: Raw) -> str:
    """Some clients send the arguments as OpenAI's do, as a text that holds the object."""
    text = bytes(arguments).decode()
    return _TEXT.decode(text) if text.startswith('"') else text


class _CallIds:
    """Gives ids to calls without one, and finds the call that a result without an id answers.

    Clients send the whole conversation with every turn, so a counted id stays the same.
    """

    def __init__(self, messages: list[wire.Message]) -> None:
        self._taken = {call.id for message in messages for call in message.tool_calls or ()}
        self._count = 0
        self._unanswered: list[tuple[str, str]] = []  # ids and tool names of calls without a result so far

    def tool_call(self, call: wire.ToolCall, where: str) -> ToolCall:
        arguments = _object_in(call.function.arguments)
        if arguments in ("", "null"):
            arguments = "{}"
        elif not arguments.startswith("{"):
            field = f"{where}.function.arguments"
            raise InvalidRequest(f"Invalid '{field}': expected an object.", param=field)
        call_id = call.id or self._new_id()
        self._unanswered.append((call_id, call.function.name))
        return ToolCall(call_id, call.function.name, arguments)

    def call_answered_by(self, message: wire.Message) -> tuple[str, str | None]:
        """The id and the tool's name of the first unanswered call that fits the result's id and name."""
        for call in self._unanswered:
            call_id, name = call
            if message.tool_call_id in (None, "", call_id) and message.tool_name in (None, "", name):
                self._unanswered.remove(call)
                return call
        return message.tool_call_id or self._new_id(), message.tool_name or None

    def _new_id(self) -> str:
        while True:
            self._count += 1
            new_id = f"call_{self._count}"
            if new_id not in self._taken:
                return new_id
