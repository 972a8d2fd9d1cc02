"""The calls of an output while they arrive, as items of the tools that the client has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from turnout.core import OwnTool, ToolCall
from turnout.dialects.openai import custom_tools

from .output import GrowingText, Item
from .own_items import CUSTOM_CALL
from .own_tools import FORMS
from .tool_set import CUSTOM, FUNCTION


class CallItem(Item):
    """A function's call. ``own`` is what the client calls the function."""

    kind = "fc"

    def begin(self, call: ToolCall, own: OwnTool) -> bytes:
        self._call = {"type": "function_call", "call_id": call.id, "name": own.name, **_namespace(own)}
        self._growing_text = GrowingText(self._writer, "function_call_arguments", self._place)
        return self._in_progress({"arguments": ""})

    def resume(self, call: ToolCall, arguments: str) -> None:
        """The client has these of a relayed call."""
        self._call = {"type": "function_call", "call_id": call.id, "name": call.name}
        self._growing_text = GrowingText(self._writer, "function_call_arguments", self._place)
        self._growing_text.resume(arguments)

    def add(self, text: str) -> bytes:
        return self._growing_text.add(text)

    def end(self) -> bytes:
        fields = {**self._place, "name": self._call["name"], "arguments": self._growing_text.text}
        return self._writer.write("response.function_call_arguments.done", fields) + self.close()

    def close(self) -> bytes:
        """The end of the call, after that of its text."""
        return self._finished("completed", {"arguments": self._growing_text.text})

    def _in_progress(self, fields: Mapping[str, Any]) -> bytes:
        return self._added({**self._call, "status": "in_progress", **fields})

    def _finished(self, status: str, fields: Mapping[str, Any]) -> bytes:
        return self._done({**self._call, "status": status, **fields})


class CustomCallItem(CallItem):
    """Its text is known when the arguments are whole, so it comes in one piece."""

    kind = "ctc"

    def begin(self, call: ToolCall, own: OwnTool) -> bytes:
        self._call = {"type": CUSTOM_CALL, "call_id": call.id, "name": own.name, **_namespace(own)}
        self._pieces: list[str] = []
        self._sent = ""
        return self._in_progress({"input": ""})

    def resume(self, call: ToolCall, arguments: str) -> None:
        """``arguments`` are JSON that ends after the text so far, or the whole of it."""
        self._call = {"type": CUSTOM_CALL, "call_id": call.id, "name": call.name}
        self._pieces = [arguments]
        self._sent = custom_tools.input_of(f'{arguments}"}}')

    def add(self, text: str) -> bytes:
        self._pieces.append(text)
        return b""

    def end(self) -> bytes:
        text = custom_tools.input_of("".join(self._pieces))
        rest = text.removeprefix(self._sent)
        frames = self._writer.write("response.custom_tool_call_input.delta", {**self._place, "delta": rest})
        frames += self._writer.write("response.custom_tool_call_input.done", {**self._place, "input": text})
        return frames + self.close()

    def close(self) -> bytes:
        return self._finished("completed", {"input": custom_tools.input_of("".join(self._pieces))})


class OwnCallItem(CustomCallItem):
    """A call in a form of its own. What the model chose is in the item at its end."""

    def begin(self, call: ToolCall, own: OwnTool) -> bytes:
        self._form = FORMS[own.type]
        self._call = {"type": self._form.call, "call_id": call.id}
        self._pieces = []
        return self._in_progress(self._form.begun())

    def end(self) -> bytes:
        """Arguments that are no object can't be shown in this form: the call is incomplete."""
        fields = self._form.fields("".join(self._pieces))
        return (
            self._finished("incomplete", self._form.begun()) if fields is None else self._finished("completed", fields)
        )


def _namespace(own: OwnTool) -> dict[str, str]:
    return {"namespace": own.namespace} if own.namespace else {}


def item_type(own: OwnTool) -> tuple[type[CallItem], str]:
    """The class of a call's item, and the prefix of its id."""
    if own.type == FUNCTION:
        return CallItem, CallItem.kind
    return (CustomCallItem, CustomCallItem.kind) if own.type == CUSTOM else (OwnCallItem, FORMS[own.type].prefix)
