"""Input items → messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec import Raw, structs

from turnout.core import (
    Audio,
    Extensions,
    File,
    Image,
    Message,
    Part,
    RedactedThinking,
    Refusal,
    Role,
    Source,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from turnout.core.images import media_type_of
from turnout.dialects.openai.data_urls import file_of, image_of
from turnout.dialects.parsing import decode
from turnout.dialects.sealed import Attached, unseal
from turnout.errors import InvalidRequest

from . import responses_bodies as wire
from .own_items import CALLS, OUTPUTS, call_of, result_of
from .tool_set import ToolSet, function_name
from .web_search import search_in, sources_in, with_sources

T = TypeVar("T")
_HEADS = msgspec.json.Decoder(list[wire.ItemHead])
_ITEMS = msgspec.json.Decoder(list[Raw])
_TEXT = msgspec.json.Decoder(str)
_MESSAGE = msgspec.json.Decoder(wire.Message)
_CALL = msgspec.json.Decoder(wire.FunctionCall)
_OUTPUT = msgspec.json.Decoder(wire.FunctionOutput)
_REASONING = msgspec.json.Decoder(wire.ReasoningItem)
_MORE_TOOLS = msgspec.json.Decoder(wire.MoreTools)
_GENERATED_IMAGE = msgspec.json.Decoder(wire.GeneratedImage)
_DEVELOPER: Extensions = {"openai": {"role": Raw(b'"developer"')}}


def raw_items(value: Raw) -> list[Raw]:
    """``input`` as a list of items. A text becomes one message. Raises ``InvalidRequest``."""
    if bytes(value) in (b"", b"null"):
        return []
    if bytes(value)[:1] == b'"':
        text = decode(_TEXT, value, "input")
        return [Raw(msgspec.json.encode({"type": "message", "role": "user", "content": text}))]
    return decode(_ITEMS, value, "input")


class Conversation:
    """Collects messages from items, and adds the tools in them to ``tools``.

    ``untranslatable`` are the types and ids that no other wire has, by their paths.
    """

    def __init__(self, tools: ToolSet) -> None:
        self.messages: list[Message] = []
        self.untranslatable: dict[str, str] = {}
        self._tools = tools
        self._assistant_parts: list[Part] = []  # of the assistant message that is being read
        self._cited: list[Source] = []  # by texts of this message
        self._results: list[Part] = []

    def system(self, text: str) -> None:
        self.messages.append(Message("system", (Text(text),)))

    def read(self, items: Sequence[Raw], where: str = "input") -> None:
        heads = decode(_HEADS, msgspec.json.encode(items), where)
        for number, (head, item) in enumerate(zip(heads, items, strict=True)):
            self._read_item(head, item, f"{where}[{number}]")

    def end(self) -> tuple[Message, ...]:
        self._end_turn()
        return tuple(self.messages)

    def _read_item(self, head: wire.ItemHead, item: Raw, where: str) -> None:
        match head.type or ("message" if head.role else "item_reference"):
            case "message":
                self._message(decode(_MESSAGE, item, where), where)
            case "function_call":
                call = decode(_CALL, item, where)
                name = function_name(call.name, call.namespace)
                self._add_assistant_part(ToolCall(call.call_id, name, call.arguments))
            case "function_call_output" | "custom_tool_call_output":
                self._result(decode(_OUTPUT, item, where), where)
            case "reasoning":
                self._reasoning(decode(_REASONING, item, where))
            case "web_search_call":
                self._add_assistant_part(search_in(item))
            case "compaction" | "compaction_summary":  # Codex's name for it
                self._summary(decode(_REASONING, item, where), f"{where}.type", head.type or "")
            case "image_generation_call":
                self._generated_image(decode(_GENERATED_IMAGE, item, where), where)
            case other:
                self._tool_item(other, item, where)

    def _tool_item(self, kind: str, item: Raw, where: str) -> None:
        """An item of a tool that is no function."""
        match kind:
            case "additional_tools":
                self._tools.add(decode(_MORE_TOOLS, item, where).tools, f"{where}.tools")
            case "tool_search_output":
                self._found_tools(decode(_MORE_TOOLS, item, where), where)
            case _ if kind in CALLS:
                for own_call in call_of(kind, item, where):
                    self._add_assistant_part(own_call)
            case _ if kind in OUTPUTS:
                self._add_result(result_of(item, where))
            case _:
                self.untranslatable[f"{where}.type"] = kind

    def _found_tools(self, found: wire.MoreTools, where: str) -> None:
        """The model calls them from now on. A search that OpenAI ran was no call of the client's."""
        names = self._tools.add(found.tools, f"{where}.tools")
        if found.call_id is not None:
            text = f"Tools that can be called now: {', '.join(names)}." if names else "No tools were found."
            self._add_result(ToolResult(found.call_id, (Text(text),)))

    def _message(self, message: wire.Message, where: str) -> None:
        parts = self._parts(message.content, f"{where}.content")
        if message.role == "assistant":
            self._cited += () if isinstance(message.content, str) else sources_in(message.content)
            for part in parts:
                self._add_assistant_part(part)
            return
        self._end_turn()
        role: Role = "user" if message.role == "user" else "system"
        self.messages.append(Message(role, parts, None, _DEVELOPER if message.role == "developer" else None))

    def _add_assistant_part(self, part: Part) -> None:
        self._end_results()
        self._assistant_parts.append(part)

    def _add_result(self, result: ToolResult) -> None:
        self._end_assistant_message()
        self._results.append(result)

    def _result(self, output: wire.FunctionOutput, where: str) -> None:
        parts = self._parts(output.output, f"{where}.output")
        for part in parts:
            if not isinstance(part, Text | Image | File):
                field = f"{where}.output"
                raise InvalidRequest(f"Invalid '{field}': it holds texts, images and files.", param=field)
        self._add_result(ToolResult(output.call_id, parts))  # type: ignore[arg-type]  # the loop above has checked it

    def _reasoning(self, item: wire.ReasoningItem) -> None:
        state = unseal(item.encrypted_content)
        match state:
            case Attached():
                self._attach(state)
            case Thinking() | RedactedThinking() | Text():
                self._add_assistant_part(state)
            case None:
                text = "\n\n".join([part.text for part in item.summary or item.content or ()])
                if text:
                    self._add_assistant_part(Thinking(text))

    def _summary(self, item: wire.ReasoningItem, where: str, kind: str) -> None:
        """Turnout has sealed it (``compact.py``), or only OpenAI can read it."""
        state = unseal(item.encrypted_content)
        if isinstance(state, Text):
            self._end_turn()
            self.messages.append(Message("user", (state,)))
        else:
            self.untranslatable[where] = kind

    def _attach(self, attached: Attached) -> None:
        for number in range(len(self._assistant_parts) - 1, -1, -1):
            part = self._assistant_parts[number]
            if attached.call is None or (isinstance(part, ToolCall) and part.id == attached.call):
                self._assistant_parts[number] = structs.replace(part, extensions=attached.extensions)
                return

    def _generated_image(self, item: wire.GeneratedImage, where: str) -> None:
        media_type = media_type_of(item.result or "")
        if item.result is None or media_type is None:
            raise InvalidRequest(f"Invalid '{where}.result': the data is not an image.", param=f"{where}.result")
        self._add_assistant_part(Image(data=item.result, media_type=media_type))

    def _end_turn(self) -> None:
        self._end_assistant_message()
        self._end_results()

    def _end_assistant_message(self) -> None:
        if self._assistant_parts:
            cited = tuple(dict.fromkeys(self._cited))
            parts = with_sources(self._assistant_parts, cited) if cited else self._assistant_parts
            self.messages.append(Message("assistant", tuple(parts)))
            self._assistant_parts, self._cited = [], []

    def _end_results(self) -> None:
        if self._results:
            self.messages.append(Message("tool", tuple(self._results)))
            self._results = []

    def _parts(self, content: wire.Content, where: str) -> tuple[Part, ...]:
        if isinstance(content, str):
            return (Text(content),)
        return tuple(self._read_parts(content, where))

    def _read_parts(self, content: Sequence[wire.Part], where: str) -> Iterator[Part]:
        for number, part in enumerate(content):
            path = f"{where}[{number}]"
            match part.type:
                case "input_text" | "output_text" | "text":
                    yield Text(_required(part.text, f"{path}.text"))
                case "refusal":
                    yield Refusal(_required(part.refusal, f"{path}.refusal"))
                case "input_image" if part.file_id is not None and part.image_url is None:
                    self.untranslatable[f"{path}.file_id"] = part.file_id
                case "input_image":
                    field = f"{path}.image_url"
                    yield image_of(_required(part.image_url, field), part.detail, None, field)
                case "input_file":
                    yield _file(part)
                case "input_audio":
                    audio = _required(part.input_audio, f"{path}.input_audio")
                    yield Audio(audio.data, audio.format)
                case other:
                    self.untranslatable[f"{path}.type"] = other


def _required(value: T | None, field: str) -> T:
    if value is None:
        raise InvalidRequest(f"Missing '{field}'.", param=field)
    return value


def _file(part: wire.Part) -> File:
    return file_of(part.file_data, part.file_url, part.file_id, part.filename)
