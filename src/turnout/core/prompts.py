"""A bare prompt, read as a conversation: what the APIs before chat were given."""

from __future__ import annotations

from .messages import Message, Role, Text

_HUMAN, _ASSISTANT = "\n\nHuman:", "\n\nAssistant:"
_MOST = 10_000  # of Human's turns


def messages_of(prompt: str) -> tuple[Message, ...]:
    """``prompt`` as one user message, or as the turns that it is written in.

    The turns are those of Anthropic's Text Completions, each after a blank line: ``Human: …``, ``Assistant: …``. The
    first one is Human's, the last one Assistant's, which is empty or what the answer is to go on from. What stands
    before the first one is the system's (https://docs.claude.com/en/api/migrating-from-text-completions-to-messages).
    """
    turns = _turns(prompt)
    if len(turns) < 3 or turns[1][0] != "user" or turns[-1][0] != "assistant" or not turns[1][1].strip():
        return (Message("user", (Text(prompt),)),)
    return tuple([Message(role, (Text(text.strip()),)) for role, text in turns if text.strip()])


def _turns(prompt: str) -> list[tuple[Role, str]]:
    """The system's comes first, and may be empty. None in a text that nobody would write as a conversation."""
    begun = prompt.lstrip()
    if begun.startswith((_HUMAN[2:], _ASSISTANT[2:])):
        prompt = f"\n\n{begun}"
    if prompt.count(_HUMAN) > _MOST or prompt.count(_ASSISTANT) > _MOST:
        return []
    turns: list[tuple[Role, str]] = []
    for stretch in prompt.split(_HUMAN):
        said, *answers = stretch.split(_ASSISTANT)
        turns.append(("user" if turns else "system", said))
        turns += [("assistant", answer) for answer in answers]
    return turns
