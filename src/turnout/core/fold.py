"""A whole answer is the fold of its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from .events import (
    Delta,
    Failure,
    Finish,
    Logprobs,
    PartEnd,
    PartStart,
    Product,
    Relayed,
    Seam,
    Start,
    StreamEvent,
    TokenLogprob,
    UsageSoFar,
)
from .messages import Part, Refusal, Text, Thinking, ToolCall, merged_extensions
from .usage import Usage


class Choice(msgspec.Struct, frozen=True):
    """``finish`` is None when the answer was cut."""

    index: int
    parts: tuple[Part, ...]
    finish: Finish | None
    logprobs: tuple[TokenLogprob, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """``failure`` is set when the provider reported an error after it began to answer."""

    id: str = ""
    model: str = ""
    created: int = 0
    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None
    failure: Failure | None = None


class _OpenPart:
    """A part while its pieces arrive."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.pieces = [text_of(part)]
        self.end: PartEnd | None = None

    def closed(self) -> Part:
        end = self.end
        text = "".join(self.pieces)
        extensions = merged_extensions(self.part.extensions, end.extensions if end else None)
        match self.part:
            case Text(citations=citations):
                return Text(text, extensions, (*citations, *end.citations) if end else citations)
            case Thinking(signature=signature):
                return Thinking(text, (end and end.signature) or signature, extensions)
            case ToolCall(id=call_id, name=name):
                return ToolCall(call_id, name, text, extensions)
            case Refusal():
                return Refusal(text, extensions)
            case other:
                return msgspec.structs.replace(other, extensions=extensions)


def fold(events: Iterable[StreamEvent]) -> Answer:  # noqa: C901  # one flat match
    """The answer that ``events`` make. Parts are in the order of their index.

    Raises ``TypeError`` for ``Relayed`` and ``Product``, which are not parts of a chat answer.
    """
    start = Start()
    usage: Usage | None = None
    failure: Failure | None = None
    parts: dict[tuple[int, int], _OpenPart] = {}
    finishes: dict[int, Finish] = {}
    logprobs: dict[int, list[TokenLogprob]] = {}
    for event in events:
        match event:
            case Start():
                start = event
            case PartStart(index=index, part=part, choice=choice):
                parts[choice, index] = _OpenPart(part)
            case Delta(index=index, text=text, choice=choice):
                parts[choice, index].pieces.append(text)
            case PartEnd(index=index, choice=choice):
                parts[choice, index].end = event
            case Logprobs(tokens=tokens, choice=choice):
                logprobs.setdefault(choice, []).extend(tokens)
            case UsageSoFar():
                usage = event.usage
            case Finish(choice=choice):
                finishes[choice] = event
            case Failure():
                failure = event
            case Seam():
                pass
            case Relayed() | Product():
                raise TypeError(f"{type(event).__name__} can't be folded into a chat answer")
            case _:
                assert_never(event)
    choices = tuple(
        Choice(
            index=number,
            parts=tuple(parts[key].closed() for key in sorted(parts) if key[0] == number),
            finish=finishes.get(number),
            logprobs=tuple(logprobs.get(number, ())),
        )
        for number in sorted({choice for choice, _ in parts} | set(finishes))
    )
    return Answer(id=start.id, model=start.model, created=start.created, choices=choices, usage=usage, failure=failure)


def ended(answer: Answer) -> Answer:
    """The answer of a whole reply. It is complete, even if some vendor gives no reason for its end."""
    if all(choice.finish for choice in answer.choices):
        return answer
    choices = [choice if choice.finish else _ended(choice) for choice in answer.choices]
    return msgspec.structs.replace(answer, choices=tuple(choices))


def _ended(choice: Choice) -> Choice:
    called = any(isinstance(part, ToolCall) for part in choice.parts)
    return msgspec.structs.replace(choice, finish=Finish("tool_calls" if called else "stop", "", choice.index))


def unfold(answer: Answer) -> list[StreamEvent]:
    """The shortest list of events that folds into ``answer``. A unary body becomes events this way."""
    events: list[StreamEvent] = [Start(answer.id, answer.model, answer.created)]
    for choice in answer.choices:
        for index, part in enumerate(choice.parts):
            events += [PartStart(index, part, choice.index), PartEnd(index, choice.index)]
        if choice.logprobs:
            events.append(Logprobs(choice.logprobs, choice.index))
        if choice.finish:
            events.append(choice.finish)
    if answer.usage:
        events.append(UsageSoFar(answer.usage))
    if answer.failure:
        events.append(answer.failure)
    return events


def text_of(part: Part) -> str:
    """The text that a part began with; of a tool call its arguments. Empty for a part that isn't text."""
    match part:
        case Text(text=text) | Thinking(text=text) | Refusal(text=text) | ToolCall(arguments=text):
            return text
    return ""
