"""A bare prompt, read as a conversation: what the APIs before chat were given."""

from __future__ import annotations

import re

from .messages import Message, Role, Text

_TURN = re.compile(r"(?:\A\s*|\n\n)(Human|Assistant):")
_ROLES: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}


def messages_of(prompt: str) -> tuple[Message, ...]:
    """``prompt`` as one user message, or as the turns that it is written in.

    The turns are those of Anthropic's Text Completions, each after a blank line: ``Human: …``, ``Assistant: …``. The
    first one is Human's, the last one Assistant's, which is empty or what the answer is to go on from. What stands
    before the first one is the system's (https://docs.claude.com/en/api/migrating-from-text-completions-to-messages).
    """
    system, *turns = _TURN.split(prompt)
    names, texts = turns[::2], turns[1::2]
    if not names or names[0] != "Human" or names[-1] != "Assistant" or not texts[0].strip():
        return (Message("user", (Text(prompt),)),)
    roles: list[Role] = ["system", *[_ROLES[name] for name in names]]
    said = zip(roles, [system, *texts], strict=True)
    return tuple([Message(role, (Text(text.strip()),)) for role, text in said if text.strip()])
