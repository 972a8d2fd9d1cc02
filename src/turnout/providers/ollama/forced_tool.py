"""A tool that has to be called. Ollama's model always chooses itself, so it is made to answer with its arguments.

Its grammar holds the answer to the schema of the arguments (https://docs.ollama.com/capabilities/structured-outputs).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from turnout.core import ChatRequest, Finish, PartStart, StreamEvent, Text, Tool, ToolCall
from turnout.providers import Decoder
from turnout.providers.tool_calls import CallIds


def instruction(tool: Tool) -> str:
    """Says what the model can't see: it isn't told of a tool that it doesn't choose itself."""
    purpose = f" It is for this: {tool.description}" if tool.description else ""
    return f"Call the function {tool.name}: answer with its arguments, as JSON, and nothing else.{purpose}"


class ForcedCall:
    """A decoder around another one. It gives the answer's text as a call of the tool."""

    def __init__(self, decoder: Decoder, tool: Tool, request: ChatRequest) -> None:
        self._decoder = decoder
        self._tool = tool
        self._ids = CallIds(request)
        self._called = False

    def feed(self, data: bytes) -> list[StreamEvent]:
        return self._as_call(self._decoder.feed(data))

    def close(self) -> list[StreamEvent]:
        return self._as_call(self._decoder.close())

    def _as_call(self, events: Sequence[StreamEvent]) -> list[StreamEvent]:
        return [self._changed(event) for event in events]

    def _changed(self, event: StreamEvent) -> StreamEvent:
        match event:
            case PartStart(part=Text(text=text)) if not self._called:
                self._called = True
                return structs.replace(event, part=ToolCall(self._ids.make(), self._tool.name, text))
            case Finish(reason="stop") if self._called:
                return structs.replace(event, reason="tool_calls")
        return event
