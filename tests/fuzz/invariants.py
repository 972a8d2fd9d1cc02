"""What the events of any decoder keep to, whatever bytes it was fed (``core/events.py``)."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Delta, Failure, Finish, PartEnd, PartStart, Product, Relayed, Start, StreamEvent, UsageSoFar


class Disorder(AssertionError):
    """The events break their own rules."""


def check(events: Sequence[StreamEvent]) -> None:
    opened: set[tuple[int, int]] = set()
    closed: set[tuple[int, int]] = set()
    finished: set[int] = set()
    for at, event in enumerate(events):
        match event:
            case Start():
                _need(all(isinstance(before, UsageSoFar) for before in events[:at]), "a late start", event)
            case PartStart(index=index, choice=choice):
                _need((choice, index) not in opened, "a part is opened twice", event)
                opened.add((choice, index))
            case Delta(index=index, choice=choice):
                _need((choice, index) in opened - closed, "more of a part that isn't open", event)
            case PartEnd(index=index, choice=choice):
                _need((choice, index) in opened - closed, "the end of a part that isn't open", event)
                closed.add((choice, index))
            case Finish(choice=choice):
                _need(choice not in finished, "a choice finishes twice", event)
                finished.add(choice)
            case UsageSoFar(usage=usage):
                _need(usage.source == "reported", "a decoder estimates", event)
            case Failure(status=status):
                _need(400 <= status <= 599, "a failure without an error's status", event)
        if at and not isinstance(event, UsageSoFar | Failure | Relayed):
            _need(not isinstance(events[at - 1], Failure), "a failure isn't last", event)


def check_start(events: Sequence[StreamEvent]) -> None:
    """Of a decoder that translates."""
    if events and not isinstance(events[0], Start | Failure | Product | UsageSoFar):
        raise Disorder(f"it begins with {events[0]}")
    for event in events:
        _need(not isinstance(event, Relayed), "bytes among the events of a translation", event)


def finishes(events: Sequence[StreamEvent]) -> list[Finish]:
    return [event for event in events if isinstance(event, Finish)]


def _need(true: bool, what: str, event: StreamEvent) -> None:
    if not true:
        raise Disorder(f"{what}: {event}")
