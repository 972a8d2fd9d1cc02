"""Where the parts of a conversation are in the client's body.

The core splits a turn with tool results, joins pieces of an answer, and leaves out tools that only one provider has. So
its numbers of messages and tools aren't the client's. Bodies are looked at only when a message or a tool has to be
named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, TypeVar

import msgspec

from turnout.core import WireBody

Found = TypeVar("Found")
_DECODER: Final = msgspec.json.Decoder()


class Place(msgspec.Struct, frozen=True):
    """The path of a message. Its parts are in the list ``parts``, from the number ``first`` on, or each at one of
    ``items``. Without both, only the message can be named.
    """

    path: str
    parts: str = ""
    first: int = 0
    items: tuple[str, ...] = ()

    def of_part(self, number: int) -> str:
        if number < len(self.items):
            return self.items[number]
        return f"{self.path}.{self.parts}[{self.first + number}]" if self.parts else self.path


Places = Callable[[WireBody], Iterator[Place]]
ToolPaths = Callable[[WireBody], Iterator[str]]


def _read(raw: WireBody, *names: str) -> Any:
    """The value of the first of these fields that is there."""
    return next((_DECODER.decode(raw.fields[name]) for name in names if name in raw.fields), None)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list) else [value]
    return [item if isinstance(item, dict) else {} for item in found if item is not None]


def _runs(parts: list[Mapping[str, Any]], path: str, name: str, is_result: Callable[[Any], bool]) -> Iterator[Place]:
    """A place for each run of tool results and of other parts."""
    for _, run in groupby(enumerate(parts), lambda numbered: is_result(numbered[1])):
        yield Place(path, name, next(run)[0])


# --- OpenAI's chat and Ollama's ----------------------------------------------------------------------


def messages(raw: WireBody) -> Iterator[Place]:
    return (Place(f"messages[{number}]", "content") for number, _ in enumerate(_objects(_read(raw, "messages"))))


def functions(raw: WireBody) -> Iterator[str]:
    """Chat's and Responses'. Mistral's clients may leave out the type."""
    for number, tool in enumerate(_objects(_read(raw, "tools"))):
        if tool.get("type", "function") == "function":
            yield f"tools[{number}].function" if "function" in tool else f"tools[{number}]"


# --- Anthropic's -------------------------------------------------------------------------------------


def anthropic_messages(raw: WireBody) -> Iterator[Place]:
    system = _read(raw, "system")
    if system:
        blocks = system if isinstance(system, list) else ()
        yield Place("system", items=tuple([f"system[{number}]" for number, _ in enumerate(blocks)]))
    for number, message in enumerate(_objects(_read(raw, "messages"))):
        path, content = f"messages[{number}]", message.get("content")
        if message.get("role") == "user" and isinstance(content, list):
            yield from _runs(_objects(content), path, "content", lambda block: block.get("type") == "tool_result")
        else:
            yield Place(path, "content")


def anthropic_tools(raw: WireBody) -> Iterator[str]:
    for number, tool in enumerate(_objects(_read(raw, "tools"))):
        if tool.get("type") in (None, "custom"):
            yield f"tools[{number}]"


# --- Gemini's ----------------------------------------------------------------------------------------


def gemini_contents(raw: WireBody) -> Iterator[Place]:
    if _read(raw, "systemInstruction", "system_instruction"):
        yield Place("systemInstruction", "parts")
    contents = enumerate(_objects(_read(raw, "contents")))
    for role, run in groupby(contents, lambda numbered: numbered[1].get("role")):
        pieces = list(run)
        if role == "model":
            path = f"contents[{pieces[0][0]}]"
            yield Place(path, "parts") if len(pieces) == 1 else Place(path)
            continue
        for number, content in pieces:
            yield from _runs(_objects(content.get("parts")), f"contents[{number}]", "parts", _is_response)


def _is_response(part: Mapping[str, Any]) -> bool:
    return "functionResponse" in part or "function_response" in part


def gemini_functions(raw: WireBody) -> Iterator[str]:
    for number, tool in enumerate(_objects(_read(raw, "tools"))):
        declared = tool.get("functionDeclarations", tool.get("function_declarations"))
        yield from (f"tools[{number}].functionDeclarations[{index}]" for index, _ in enumerate(_objects(declared)))


# --- Responses' --------------------------------------------------------------------------------------


def response_items(raw: WireBody) -> Iterator[Place]:
    """The items of one turn of the model are one message, and so are results that come together."""
    if _read(raw, "instructions"):
        yield Place("instructions")
    earlier = [_DECODER.decode(item) for item in raw.continues.items] if raw.continues else []
    said = _read(raw, "input")
    items = [("previous_response_id", item) for item in earlier]
    if isinstance(said, str):
        items.append(("input", {"role": "user"}))
    else:
        items += [(f"input[{number}]", item) for number, item in enumerate(_objects(said))]
    for kind, run in groupby(items, lambda placed: _kind(placed[1])):
        paths = [path for path, _ in run]
        if kind == "message":
            yield from (Place(path, "content") for path in paths)
        elif kind == "result":
            yield Place(paths[0], items=tuple([f"{path}.output" for path in paths]))
        elif kind == "answer":
            yield Place(paths[0])


def _kind(item: Mapping[str, Any]) -> str:
    """``nothing`` is no part of a message."""
    match item.get("type") or ("message" if item.get("role") else ""):
        case "message":
            return "answer" if item.get("role") == "assistant" else "message"
        case "reasoning":
            return "answer"
        case "tool_search_call" | "tool_search_output" if not item.get("call_id"):
            return "nothing"  # OpenAI has searched
        case "tool_search_output":
            return "result"
        case str(kind) if kind.endswith("_call_output"):
            return "result"
        case str(kind) if kind.endswith("_call"):
            return "answer"
    return "nothing"


def prompt(raw: WireBody) -> Iterator[Place]:
    if _read(raw, "system"):
        yield Place("system")
    yield Place("prompt")
