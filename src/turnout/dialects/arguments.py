"""The arguments of a tool call, for wires on which they are a JSON object and not its text."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.core.framing import on_one_line

_OBJECT = msgspec.json.Decoder(dict[str, Raw])


def arguments_object(text: str) -> Raw:
    """The arguments on one line. Wraps those that are no object: the model was cut short, or made a mistake.

    Anthropic advises this form: ``{"INVALID_JSON": "the text"}``
    (https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming).
    """
    if not text.strip():
        return Raw(b"{}")
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return Raw(msgspec.json.encode({"INVALID_JSON": text}))
    return Raw(on_one_line(text.encode()))
