"""Odd shapes of replies are read as what they mean, wherever the network cuts them, and relayed as they are."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from tests.wire.shape import Shape, events, framed, plain, shapes, told
from turnout.core import Failure, Finish, Relayed, StreamEvent, UsageSoFar, fold
from turnout.errors import UpstreamBroken
from turnout.providers import Decoder

SHAPES = [pytest.param(shape, id=f"{shape.wire}: {shape.name}") for shape in shapes()]
every = pytest.mark.parametrize("shape", SHAPES)
translated = pytest.mark.parametrize(
    "shape", [param for param, shape in zip(SHAPES, shapes(), strict=True) if shape.relayed is None]
)
only_relayed = pytest.mark.parametrize(
    "shape", [param for param, shape in zip(SHAPES, shapes(), strict=True) if shape.relayed is not None]
)
whole = pytest.mark.parametrize("shape", [param for param, shape in zip(SHAPES, shapes(), strict=True) if shape.answer])


@translated
def test_it_is_read_as_what_it_means(shape: Shape) -> None:
    if shape.answer is None:
        with pytest.raises(UpstreamBroken, match=shape.broken):
            events(shape.decoder(), [shape.data])
    else:
        assert told(fold(events(shape.decoder(), [shape.data]))) == plain(shape.answer)


@whole
def test_the_network_may_cut_it_anywhere(shape: Shape) -> None:
    """In two at every byte, and into single bytes."""
    data, meant = shape.data, plain(shape.answer)
    for at in range(1, len(data)):
        assert told(fold(events(shape.decoder(), [data[:at], data[at:]]))) == meant, at
    assert told(fold(events(shape.decoder(), [data[at : at + 1] for at in range(len(data))]))) == meant


@every
def test_nothing_is_made_up_when_it_ends_too_early(shape: Shape) -> None:
    """Whatever byte is the last: no finish that wasn't there whole, and no error but that one."""
    data = shape.data
    for make in (shape.decoder, shape.relay) if shape.relayed is None else (shape.relay,):
        told_whole, finishes = [""], 0
        for at in range(len(data)):
            whole = [line for line in (shape.stream or "").splitlines() if line.encode() in data[:at]]
            if whole != told_whole:
                told_whole, finishes = whole, _finishes(make(), framed(shape.wire, whole))
            assert _finishes(make(), data[:at]) <= finishes, at


@translated
def test_its_bytes_are_relayed_as_they_are(shape: Shape) -> None:
    """In single bytes, too; finish, usage and failure beside them are the same. CRLF becomes LF."""
    data = shape.data
    if shape.answer is None:
        with pytest.raises(UpstreamBroken, match=shape.broken):
            events(shape.relay(), [data])
        return
    meant = fold(events(shape.decoder(), [data]))
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        relayed = events(shape.relay(), pieces)
        if meant.failure is None:
            assert b"".join(event.data for event in relayed if isinstance(event, Relayed)) == data.replace(
                b"\r\n", b"\n"
            )
        assert _last_usage(relayed) == meant.usage
        assert [event for event in relayed if isinstance(event, Failure)] == ([meant.failure] if meant.failure else [])
        finishes = {event.choice: event for event in relayed if isinstance(event, Finish)}
        assert finishes == {choice.index: choice.finish for choice in meant.choices if choice.finish}


@only_relayed
def test_the_ledger_is_told_of_what_is_only_relayed(shape: Shape) -> None:
    data = shape.data
    facts = told_of(events(shape.relay(), [data]))
    assert without_tags(facts) == shape.relayed
    for at in range(len(data)):
        relayed = events(shape.relay(), [data[:at], data[at:]])
        assert told_of(relayed) == facts, at
        if facts["failure"] is None:
            assert b"".join(event.data for event in relayed if isinstance(event, Relayed)) == data
            assert sum(isinstance(event, Finish) for event in relayed) == 1


def told_of(relayed: list[StreamEvent]) -> dict[str, object]:
    """What the ledger makes of it."""
    return {
        "finish": next((event for event in relayed if isinstance(event, Finish)), None),
        "usage": _last_usage(relayed),
        "failure": next((event for event in relayed if isinstance(event, Failure)), None),
    }


def without_tags(facts: dict[str, object]) -> object:
    """As data, without what is empty, a struct's tag, and the provider's own error."""
    told = {name: msgspec.to_builtins(fact) for name, fact in facts.items()}
    return plain(
        {name: fact and {k: v for k, v in fact.items() if k not in ("type", "words")} for name, fact in told.items()}
    )


def _last_usage(relayed: list[StreamEvent]) -> object:
    return next((event.usage for event in reversed(relayed) if isinstance(event, UsageSoFar)), None)


def _finishes(decoder: Decoder, data: bytes) -> int:
    """How many come of ``data``, when no more follows."""
    found: list[StreamEvent] = []
    with contextlib.suppress(UpstreamBroken):
        found += decoder.feed(data)
        found += decoder.close()
    return sum(isinstance(event, Finish) for event in found)
