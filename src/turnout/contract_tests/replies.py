"""The cases of reading a reply, whichever pieces its bytes come in."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

import msgspec

from turnout.core import (
    ChatRequest,
    Failure,
    Finish,
    Relayed,
    StreamEvent,
    Text,
    Usage,
    UsageSoFar,
    fold,
)
from turnout.errors import UpstreamError
from turnout.providers import Decoder, WireProvider

from .asking import asking
from .cases import Case, claim, same

_MANY_CUTS: Final = 100  # tries
_NOISES: Final = (b"\xff\xfe", b"<html></html>", b"{]", b"[" * 100_000, b'{"a": "\\ud800"}')


class ReplySample(msgspec.Struct, frozen=True, kw_only=True):
    """The same short answer on a wire as a ``whole`` reply and as a ``stream``, in at least two pieces.

    ``finish`` is what tells in both that the answer ends, such as ``"finish_reason":"stop"``; ``model`` what they say
    who answers, empty if they don't.
    """

    whole: bytes
    stream: bytes
    finish: bytes
    text: str = "Hellö"
    usage: Usage = Usage(input=7, output=3)
    model: str = "m"


Make = Callable[[ChatRequest], Decoder]


class _Form(msgspec.Struct, frozen=True):
    """One form of a sample, and what reads it. ``relay`` is None if the provider has none."""

    sample: ReplySample
    streamed: bool
    decoder: Make
    relay: Make | None

    @property
    def data(self) -> bytes:
        return self.sample.stream if self.streamed else self.sample.whole

    def decoded(self, cuts: Sequence[int] = ()) -> list[StreamEvent]:
        return self.read(self.decoder, self.data, cuts)

    def read(self, make: Make, data: bytes, cuts: Sequence[int] = ()) -> list[StreamEvent]:
        return read(make(asking(stream=self.streamed, stream_usage=True)), data, cuts)

    def makers(self) -> Sequence[Make]:
        return [self.decoder] if self.relay is None else [self.decoder, self.relay]


def reply_cases(provider: WireProvider, sample: ReplySample) -> Iterator[Case]:
    relay: Make | None = getattr(provider, "relay", None)  # a wire that no client speaks needs none
    for streamed, name in ((False, "unary"), (True, "streamed")):
        form = _Form(sample, streamed, provider.decoder, relay)
        yield Case(f"a reply is read, {name}", partial(_is_read, form))
        yield Case(f"events keep to their order, {name}", partial(_keeps_order, form))
        yield Case(f"any split gives the same, {name}", partial(_any_split_is_the_same, form))
        yield Case(f"a reply that was cut is never finished, {name}", partial(_cut_is_unfinished, form))
        yield Case(f"what isn't of the wire is a broken upstream, {name}", partial(_noise_is_broken, form))
        if relay is not None:
            yield Case(f"relay and decoder tell the same facts, {name}", partial(_relay_tells_the_same, form, relay))
    if relay is not None:
        form = _Form(sample, True, provider.decoder, relay)
        yield Case("only what is said counts as content", partial(_content_is_what_is_said, form, relay))


def check_order(events: Sequence[StreamEvent]) -> None:
    """``Start`` first and once, a part begun before it goes on and ended before the finish."""
    kinds = [type(event).__name__ for event in events]
    claim(kinds[:1] == ["Start"] and kinds.count("Start") == 1, f"not one Start at the beginning: {kinds}")
    same(kinds.count("Finish"), 1, "the number of Finish")
    same(kinds.count("PartStart"), kinds.count("PartEnd"), "the number of PartStart, beside PartEnd")
    within = [kind for kind in kinds if kind in ("PartStart", "Delta", "PartEnd", "Finish")]
    claim(within[0] == "PartStart" and within[-2:] == ["PartEnd", "Finish"], f"out of order: {within}")


def read(decoder: Decoder, data: bytes, cuts: Sequence[int] = ()) -> list[StreamEvent]:
    """The events of ``data``, fed in the pieces that ``cuts`` make of it."""
    events: list[StreamEvent] = []
    for start, end in pairwise([0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]):
        events += decoder.feed(data[start:end])
    return events + decoder.close()


def _keeps_order(form: _Form) -> None:
    check_order(form.decoded())


def _is_read(form: _Form) -> None:
    answer, sample = fold(form.decoded()), form.sample
    same(len(answer.choices), 1, "the number of choices")
    (choice,) = answer.choices
    same("".join(part.text for part in choice.parts if isinstance(part, Text)), sample.text, "the text")
    finish = choice.finish
    if finish is None:
        raise AssertionError("the answer has no finish")
    same(finish.reason, "stop", "the finish's reason")
    claim(finish.native_reason, "the finish has no native_reason")
    same(answer.usage, sample.usage, "the usage")
    same(answer.model, sample.model, "the model")


def _any_split_is_the_same(form: _Form) -> None:
    """Cuts the bytes at each place, at all places, and at some places."""
    length, chance = len(form.data), random.Random(7)  # noqa: S311  # the same places each time
    some = [[chance.randrange(length) for _ in range(10)] for _ in range(_MANY_CUTS)]
    for make in form.makers():
        whole = _joined(form.read(make, form.data))
        for cuts in (*([at] for at in range(length)), range(length), *some):
            same(_joined(form.read(make, form.data, cuts)), whole, f"what is read in pieces, cut at {list(cuts)[:10]}")


def _joined(events: Sequence[StreamEvent]) -> tuple[bytes, list[StreamEvent]]:
    """Relayed frames may come in other pieces."""
    return _passed(events), [event for event in events if not isinstance(event, Relayed)]


def _relay_tells_the_same(form: _Form, relay: Make) -> None:
    events, decoded = form.read(relay, form.data), form.decoded()
    same(_last_usage(events), form.sample.usage, "the usage that the relay tells")
    same(_finishes(events), _finishes(decoded), "the finish that the relay tells")
    others = [event for event in events if not isinstance(event, Relayed | Finish | UsageSoFar)]
    claim(not others, f"the relay tells more than frames, finish and usage: {others}")
    same(fold(form.read(form.decoder, _passed(events))), fold(decoded), "the answer in the relayed bytes")


def _content_is_what_is_said(form: _Form, relay: Make) -> None:
    """The time to the first token hangs on it."""
    frames = [event for event in form.read(relay, form.data) if isinstance(event, Relayed)]
    first = next((frame.data for frame in frames if frame.content), b"")
    said = form.sample.text[:1].encode()
    claim(said in first, f"the first frame with content says nothing of the text: {first!r}")
    before = b"".join(frame.data for frame in frames[: next(n for n, frame in enumerate(frames) if frame.content)])
    same(_texts_in(form, before), "", "the text in the frames that count as none")


def _texts_in(form: _Form, data: bytes) -> str:
    answer = fold(form.read(form.decoder, data))
    return "".join(part.text for choice in answer.choices for part in choice.parts if isinstance(part, Text))


def _cut_is_unfinished(form: _Form) -> None:
    end = form.data.find(form.sample.finish)
    claim(end > 0, f"the sample doesn't say {form.sample.finish!r}, its finish")
    for make in form.makers():
        for at in range(0, end, 11):
            try:
                events = form.read(make, form.data[:at])
            except UpstreamError:
                continue
            claim(not _finishes(events), f"a finish is told after {at} bytes, before there is one")


def _noise_is_broken(form: _Form) -> None:
    for make in form.makers():
        for noise in _NOISES:
            for body in (noise, b"data: " + noise + b"\n\n", noise + b"\n"):
                try:
                    events = form.read(make, body)
                except UpstreamError:
                    continue
                told = [event for event in events if isinstance(event, Finish | Failure | UsageSoFar)]
                claim(not told, f"{body[:20]!r} is told as {told}")


def _passed(events: Sequence[StreamEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Relayed))


def _finishes(events: Sequence[StreamEvent]) -> list[Finish]:
    return [event for event in events if isinstance(event, Finish)]


def _last_usage(events: Sequence[StreamEvent]) -> Usage | None:
    return next((event.usage for event in reversed(events) if isinstance(event, UsageSoFar)), None)
