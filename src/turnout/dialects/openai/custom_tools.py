"""Custom tools: their call is a text that the model writes. Other wires have functions with one text as argument.

https://platform.openai.com/docs/guides/function-calling#custom-tools
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

INPUT: Final = "input"
PARAMETERS: Final = Raw(
    msgspec.json.encode({"type": "object", "properties": {INPUT: {"type": "string"}}, "required": [INPUT]})
)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Grammar(msgspec.Struct, frozen=True):
    """The form that the text has to have. ``syntax`` is ``lark`` or ``regex``."""

    syntax: str
    definition: str


def described(description: str | None, grammar: Grammar | None) -> str | None:
    """The function's description. Other wires can't hold a text to a grammar, so the model is told of it."""
    if grammar is None:
        return description or None
    rule = f"The {INPUT} has to match this {grammar.syntax} grammar:\n{grammar.definition}"
    return f"{description}\n\n{rule}" if description else rule


def arguments_of(text: str) -> str:
    """The function's arguments for a call with this text."""
    return msgspec.json.encode({INPUT: text}).decode()


def input_of(arguments: str) -> str:
    """The text of a call. A model that didn't keep to the function's parameters may have written the text alone."""
    try:
        text = _OBJECT.decode(arguments).get(INPUT)
    except (msgspec.DecodeError, RecursionError):
        return arguments
    return text if isinstance(text, str) else arguments
