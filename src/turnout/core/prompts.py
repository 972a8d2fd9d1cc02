"""Reads a bare prompt, as the APIs before chat had it, as a conversation."""

from __future__ import annotations

from .messages import Message, Role, Text

_HUMAN, _ASSISTANT = "\n\nHuman:", "\n\nAssistant:"
_MOST = 10_000  # turns of each side


def messages_of(prompt: str) -> tuple[Message, ...]:
    """``prompt`` as one user message, or as the turns that it has.

    The turns are those of Anthropic's Text Completions, each after a blank line: ``Human: …``, ``Assistant: …``. The
    first turn is Human's. The last one is Assistant's, and is empty or has the beginning of the answer. The text before
    the first turn is the system prompt (https://docs.claude.com/en/api/migrating-from-text-completions-to-messages).
    """
    turns = _turns(prompt)
    if len(turns) < 3 or turns[1][0] != "user" or turns[-1][0] != "assistant" or not turns[1][1].strip():
        return (Message("user", (Text(prompt),)),)
    return tuple([Message(role, (Text(text.strip()),)) for role, text in turns if text.strip()])


def _turns(prompt: str) -> list[tuple[Role, str]]:
    """The system prompt comes first, and may be empty. No turns when a marker comes more than ``_MOST`` times."""
    stripped = prompt.lstrip()
    if stripped.startswith((_HUMAN[2:], _ASSISTANT[2:])):
        prompt = f"\n\n{stripped}"
    if prompt.count(_HUMAN) > _MOST or prompt.count(_ASSISTANT) > _MOST:
        return []
    turns: list[tuple[Role, str]] = []
    for section in prompt.split(_HUMAN):
        text, *answers = section.split(_ASSISTANT)
        turns.append(("user" if turns else "system", text))
        turns += [("assistant", answer) for answer in answers]
    return turns
