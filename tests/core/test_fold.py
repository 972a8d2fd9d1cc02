"""A whole answer is the fold of its events, and unfolding it gives events that fold to it again."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from turnout.core import (
    Answer,
    Choice,
    Delta,
    Failure,
    Finish,
    Part,
    PartEnd,
    PartStart,
    RedactedThinking,
    Refusal,
    Relayed,
    Start,
    StreamEvent,
    Text,
    Thinking,
    ToolCall,
    Usage,
    UsageSoFar,
    ended,
    fold,
    unfold,
)

TEXT = st.text(max_size=8)
EXTENSIONS = st.none() | st.dictionaries(
    st.sampled_from(["openai", "gemini"]), st.dictionaries(TEXT, st.just(Raw(b"1")), max_size=2), min_size=1, max_size=2
)
PART: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, TEXT, EXTENSIONS),
    st.builds(Thinking, TEXT, st.none() | TEXT.filter(bool), EXTENSIONS),
    st.builds(RedactedThinking, TEXT, EXTENSIONS),
    st.builds(ToolCall, TEXT, TEXT, TEXT, EXTENSIONS),
    st.builds(Refusal, TEXT, EXTENSIONS),
)
FINISH = st.builds(Finish, st.sampled_from(["stop", "length", "other"]), TEXT, stop_sequence=st.none() | TEXT)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    choices = []
    for number in range(draw(st.integers(0, 3))):
        parts = tuple(draw(st.lists(PART, max_size=3)))
        finish = draw(st.none() | FINISH)
        if parts or finish:
            ended = Finish(finish.reason, finish.native_reason, number, finish.stop_sequence) if finish else None
            choices.append(Choice(number, parts, ended))
    return Answer(
        id=draw(TEXT),
        model=draw(TEXT),
        created=draw(st.integers(0, 2**40)),
        choices=tuple(choices),
        usage=draw(st.none() | st.builds(Usage, input=st.integers(0, 9), output=st.integers(0, 9))),
        failure=draw(st.none() | st.builds(Failure, TEXT)),
    )


@given(answers())
def test_folding_what_was_unfolded_gives_the_same_answer(answer: Answer) -> None:
    assert fold(unfold(answer)) == answer


def in_pieces(part: Part, index: int, choice: int, cut: int) -> list[StreamEvent]:
    """The part as a provider streams it: a beginning, deltas, and what is only known at its end."""
    match part:
        case Text(text=text):
            start: Part = Text(text[:cut])
        case Refusal(text=text):
            start = Refusal(text[:cut])
        case ToolCall(arguments=text):
            start = ToolCall(part.id, part.name, text[:cut])
        case Thinking(text=text, signature=signature):
            deltas = [Delta(index, letter, choice) for letter in text]
            end = PartEnd(index, choice, signature, part.extensions)
            return [PartStart(index, Thinking(""), choice), *deltas, end]
        case other:
            return [PartStart(index, other, choice), PartEnd(index, choice)]
    deltas = [Delta(index, letter, choice) for letter in text[cut:]]
    return [PartStart(index, start, choice), *deltas, PartEnd(index, choice, extensions=part.extensions)]


@given(answers(), st.integers(0, 4), st.randoms())
def test_parts_may_come_in_pieces_and_interleaved(answer: Answer, cut: int, random: Random) -> None:
    """As long as each part's own events keep their order, the answer is the same."""
    streams = [
        in_pieces(part, index, choice.index, cut)
        for choice in answer.choices
        for index, part in enumerate(choice.parts)
    ]
    events: list[StreamEvent] = [Start(answer.id, answer.model, answer.created)]
    while any(streams):
        events.append(random.choice([stream for stream in streams if stream]).pop(0))
    events += [choice.finish for choice in answer.choices if choice.finish]
    events += [UsageSoFar(answer.usage)] if answer.usage else []
    events += [answer.failure] if answer.failure else []
    assert fold(events) == answer


def test_parts_stand_in_the_order_of_their_index() -> None:
    events: list[StreamEvent] = [PartStart(1, Text("b")), PartStart(0, Text("a")), PartEnd(0), PartEnd(1)]
    assert fold(events).choices[0].parts == (Text("a"), Text("b"))


def test_a_part_that_never_ended_keeps_what_came() -> None:
    answer = fold([Start(), PartStart(0, Text("a")), Delta(0, "b")])
    assert answer.choices == (Choice(0, (Text("ab"),), None),)


def test_the_last_usage_counts() -> None:
    answer = fold([UsageSoFar(Usage(input=1)), UsageSoFar(Usage(input=1, output=5))])
    assert answer.usage == Usage(input=1, output=5)


def test_extensions_of_the_end_complete_those_of_the_start() -> None:
    start = Text("a", {"gemini": {"x": Raw(b"1"), "y": Raw(b"1")}})
    end = PartEnd(0, extensions={"gemini": {"y": Raw(b"2")}, "openai": {"z": Raw(b"3")}})
    merged = {"gemini": {"x": Raw(b"1"), "y": Raw(b"2")}, "openai": {"z": Raw(b"3")}}
    assert fold([PartStart(0, start), end]).choices[0].parts == (Text("a", merged),)


def test_relayed_bytes_have_no_place_in_an_answer() -> None:
    with pytest.raises(TypeError, match="Relayed"):
        fold([Relayed(b"data: {}\n\n")])


def test_a_whole_reply_has_ended_though_nobody_said_why() -> None:
    called = Choice(0, (Text("a"), ToolCall("c", "f", "{}")), None)
    cut = Choice(1, (Text("a"),), Finish("length", "length", 1))
    silent = Choice(2, (Text("a"),), None)
    choices = ended(Answer(choices=(called, cut, silent))).choices
    assert [choice.finish for choice in choices] == [Finish("tool_calls", ""), cut.finish, Finish("stop", "", 2)]
    answer = Answer(choices=(cut,))
    assert ended(answer) is answer
