"""The cases for reading a reply, in whichever pieces its bytes come."""

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

from .cases import Case, require, require_equal
from .requests import chat_request

_MANY_CUTS: Final = 100  # tries
_NOISES: Final = (b"\xff\xfe", b"<html></html>", b"{]", b"[" * 100_000, b'{"a": "\\ud800"}')


class ReplySample(msgspec.Struct, frozen=True, kw_only=True):
    """The same short answer on a wire as a ``whole`` reply and as a ``stream``, in at least two pieces.

    ``finish`` is the bytes in both that end the answer, such as ``"finish_reason":"stop"``. ``model`` is the model's
    name in them, empty if they have none.
    """

    whole: bytes
    stream: bytes
    finish: bytes
    text: str = "Hellö"
    usage: Usage = Usage(input=7, output=3)
    model: str = "m"


Make = Callable[[ChatRequest], Decoder]


class _Form(msgspec.Struct, frozen=True):
    """One form of a sample, and its readers. ``relay`` is None if the provider has none."""

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
        return read(make(chat_request(stream=self.streamed, stream_usage=True)), data, cuts)

    def makers(self) -> Sequence[Make]:
        return [self.decoder] if self.relay is None else [self.decoder, self.relay]


def reply_cases(provider: WireProvider, sample: ReplySample) -> Iterator[Case]:
    relay: Make | None = getattr(provider, "relay", None)  # a wire without a dialect needs none
    for streamed, name in ((False, "unary"), (True, "streamed")):
        form = _Form(sample, streamed, provider.decoder, relay)
        yield Case(f"a reply is read, {name}", partial(_is_read, form))
        yield Case(f"events are in order, {name}", partial(_keeps_order, form))
        yield Case(f"any split gives the same, {name}", partial(_any_split_is_the_same, form))
        yield Case(f"an incomplete reply has no finish, {name}", partial(_cut_is_unfinished, form))
        yield Case(f"bytes that aren't of the wire are a broken upstream, {name}", partial(_noise_is_broken, form))
        if relay is not None:
            yield Case(f"relay and decoder give the same facts, {name}", partial(_relay_gives_the_same, form, relay))
    if relay is not None:
        form = _Form(sample, True, provider.decoder, relay)
        yield Case("only frames with text count as content", partial(_content_is_text, form, relay))


def check_order(events: Sequence[StreamEvent]) -> None:
    """Checks the order: one ``Start`` at first, a part begins before its deltas and ends before the finish."""
    kinds = [type(event).__name__ for event in events]
    require(kinds[:1] == ["Start"] and kinds.count("Start") == 1, f"not one Start at the beginning: {kinds}")
    require_equal(kinds.count("Finish"), 1, "the number of Finish")
    require_equal(kinds.count("PartStart"), kinds.count("PartEnd"), "the number of PartStart, beside PartEnd")
    order = [kind for kind in kinds if kind in ("PartStart", "Delta", "PartEnd", "Finish")]
    require(order[0] == "PartStart" and order[-2:] == ["PartEnd", "Finish"], f"out of order: {order}")


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
    require_equal(len(answer.choices), 1, "the number of choices")
    (choice,) = answer.choices
    require_equal("".join(part.text for part in choice.parts if isinstance(part, Text)), sample.text, "the text")
    finish = choice.finish
    if finish is None:
        raise AssertionError("the answer has no finish")
    require_equal(finish.reason, "stop", "the finish's reason")
    require(finish.native_reason, "the finish has no native_reason")
    require_equal(answer.usage, sample.usage, "the usage")
    require_equal(answer.model, sample.model, "the model")


def _any_split_is_the_same(form: _Form) -> None:
    """Cuts the bytes at each place, at all places, and at some places."""
    length, chance = len(form.data), random.Random(7)  # noqa: S311  # the same places each time
    random_cuts = [[chance.randrange(length) for _ in range(10)] for _ in range(_MANY_CUTS)]
    for make in form.makers():
        whole = _joined(form.read(make, form.data))
        for cuts in (*([at] for at in range(length)), range(length), *random_cuts):
            require_equal(
                _joined(form.read(make, form.data, cuts)), whole, f"the events of pieces, cut at {list(cuts)[:10]}"
            )


def _joined(events: Sequence[StreamEvent]) -> tuple[bytes, list[StreamEvent]]:
    """The relayed bytes, and the other events. Relayed frames may come in other pieces."""
    return _passed(events), [event for event in events if not isinstance(event, Relayed)]


def _relay_gives_the_same(form: _Form, relay: Make) -> None:
    events, decoded = form.read(relay, form.data), form.decoded()
    require_equal(_last_usage(events), form.sample.usage, "the usage of the relay")
    require_equal(_finishes(events), _finishes(decoded), "the finish of the relay")
    others = [event for event in events if not isinstance(event, Relayed | Finish | UsageSoFar)]
    require(not others, f"the relay gives more than frames, finish and usage: {others}")
    require_equal(fold(form.read(form.decoder, _passed(events))), fold(decoded), "the answer in the relayed bytes")


def _content_is_text(form: _Form, relay: Make) -> None:
    """The time to the first token depends on it."""
    frames = [event for event in form.read(relay, form.data) if isinstance(event, Relayed)]
    first = next((frame.data for frame in frames if frame.content), b"")
    first_letter = form.sample.text[:1].encode()
    require(first_letter in first, f"the first frame with content has none of the text: {first!r}")
    before = b"".join(frame.data for frame in frames[: next(n for n, frame in enumerate(frames) if frame.content)])
    require_equal(_texts_in(form, before), "", "the text in the frames without content")


def _texts_in(form: _Form, data: bytes) -> str:
    answer = fold(form.read(form.decoder, data))
    return "".join(part.text for choice in answer.choices for part in choice.parts if isinstance(part, Text))


def _cut_is_unfinished(form: _Form) -> None:
    end = form.data.find(form.sample.finish)
    require(end > 0, f"the sample doesn't have {form.sample.finish!r}, its finish")
    for make in form.makers():
        for at in range(0, end, 11):
            try:
                events = form.read(make, form.data[:at])
            except UpstreamError:
                continue
            require(not _finishes(events), f"there is a finish after {at} bytes, before its bytes")


def _noise_is_broken(form: _Form) -> None:
    for make in form.makers():
        for noise in _NOISES:
            for body in (noise, b"data: " + noise + b"\n\n", noise + b"\n"):
                try:
                    events = form.read(make, body)
                except UpstreamError:
                    continue
                facts = [event for event in events if isinstance(event, Finish | Failure | UsageSoFar)]
                require(not facts, f"{body[:20]!r} gives {facts}")


def _passed(events: Sequence[StreamEvent]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Relayed))


def _finishes(events: Sequence[StreamEvent]) -> list[Finish]:
    return [event for event in events if isinstance(event, Finish)]


def _last_usage(events: Sequence[StreamEvent]) -> Usage | None:
    return next((event.usage for event in reversed(events) if isinstance(event, UsageSoFar)), None)
