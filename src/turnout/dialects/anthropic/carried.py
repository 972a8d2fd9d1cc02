"""What another provider needs again with a text or a tool call, such as Gemini's thought signature.

It is sealed in a ``redacted_thinking`` block before the block that it belongs to, as thoughts come before what they led
to. Clients send such blocks back unread
(https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-redaction); Claude Code 2.1 does.
It prints nothing for an answer whose last block isn't a text, so the block never comes last.
"""

from __future__ import annotations

from typing import Any

from turnout.core import Extensions, Part, Text, ToolCall
from turnout.dialects.sealed import Attached, needed_again, seal


def carried_block(part: Part, extensions: Extensions, characters: int, *, thinks: bool) -> dict[str, Any] | None:
    """The block for what is in a part's ``extensions``; None if its provider needs nothing again.

    ``characters`` is the length of the answer's text up to the part's end. ``thinks``: the client asked for thoughts.
    Who didn't may expect one block in an answer without tools, so a text's state is then left out: Google recommends to
    send it back, and doesn't require it.
    """
    needed = needed_again(extensions) if extensions else None
    if needed is None:
        return None
    if isinstance(part, ToolCall):
        return {"type": "redacted_thinking", "data": seal(Attached(needed, call=part.id))}
    if isinstance(part, Text) and thinks:
        return {"type": "redacted_thinking", "data": seal(Attached(needed, text=characters))}
    return None
