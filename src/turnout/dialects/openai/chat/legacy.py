"""``function_call``, which came before ``tool_calls``: one call in a message, and no ids.

https://platform.openai.com/docs/api-reference/chat/create#chat-create-function_call
"""

from __future__ import annotations

from collections.abc import Iterator

from turnout.core import Text, ToolCall, ToolResult

from . import chat_bodies as wire


class LegacyCalls:
    """Numbers the calls of a conversation, the same in every turn, and gives each result to its call."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}  # name → the id of its last call

    def call(self, message: wire.Assistant, number: int) -> Iterator[ToolCall]:
        """``number`` is the message's."""
        if message.function_call:
            name, call_id = message.function_call.name, f"call_{number}"
            self._open[name] = call_id
            yield ToolCall(call_id, name, message.function_call.arguments)

    def result(self, message: wire.FunctionMessage) -> ToolResult:
        call_id = self._open.pop(message.name, message.name)
        return ToolResult(call_id, (Text(message.content or ""),), name=message.name)
