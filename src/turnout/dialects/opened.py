"""Opens the sealed states in an assistant's message, and puts them back into the parts that they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import structs

from turnout.core import Image, Part, RedactedThinking, Text, Thinking, ToolCall, merged_extensions
from turnout.core.seal import SEAL

from .sealed import Attached, unseal

PartT = TypeVar("PartT", Text, Image, ToolCall)


def opened(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts as they were before a dialect sealed their states. A state that was changed on its way is left out."""
    if not any(map(_is_sealed, parts)):
        return tuple(parts)
    states = [state for part in parts if (state := _attached_in(part)) is not None]
    plain = [_opened_thought(part) if isinstance(part, Thinking) else part for part in parts]
    return tuple(_with_states([part for part in plain if not _is_sealed(part)], states))


def _is_sealed(part: Part) -> bool:
    match part:
        case RedactedThinking(data=str(content)) | Thinking(signature=str(content)):
            return content.startswith(SEAL)
    return False


def _attached_in(part: Part) -> Attached | None:
    state = unseal(part.data) if isinstance(part, RedactedThinking) else None
    return state if isinstance(state, Attached) else None


def _opened_thought(thought: Thinking) -> Thinking:
    """A sealed signature gives way to what its provider needs again."""
    if not _is_sealed(thought):
        return thought
    state = unseal(thought.signature)
    if not isinstance(state, Thinking):
        return Thinking(thought.text)
    return Thinking(thought.text, state.signature, state.extensions)


def _with_states(parts: Sequence[Part], states: Sequence[Attached]) -> Iterator[Part]:
    calls = {state.call: state for state in states if state.call is not None}
    images = {state.image: state for state in states if state.image is not None}
    texts = sorted([state for state in states if state.text is not None], key=_end)
    last_text = max([at for at, part in enumerate(parts) if isinstance(part, Text)], default=-1)
    characters = image_count = 0
    for at, part in enumerate(parts):
        if isinstance(part, ToolCall) and part.id in calls:
            yield _attach(part, calls[part.id])
        elif isinstance(part, Image) and image_count in images:
            yield _attach(part, images[image_count])
        elif isinstance(part, Text) and texts:
            end = characters + len(part.text)
            here = texts if at == last_text else [state for state in texts if _end(state) <= end]
            yield from _pieces(part, characters, here)
            texts, characters = texts[len(here) :], end
        else:
            yield part
        image_count += isinstance(part, Image)
    yield from [_attach(Text(""), state) for state in texts]


def _pieces(part: Text, start: int, states: Sequence[Attached]) -> Iterator[Text]:
    """A text as one piece for each of its states. Some dialects join the texts of an answer."""
    rest = part.text
    for state in states:
        piece, rest = rest[: _end(state) - start], rest[_end(state) - start :]
        start = _end(state)
        yield _attach(Text(piece, part.extensions), state)
    if rest or not states:
        yield Text(rest, part.extensions)


def _end(state: Attached) -> int:
    return state.text or 0


def _attach(part: PartT, state: Attached) -> PartT:
    return structs.replace(part, extensions=merged_extensions(part.extensions, state.extensions))
