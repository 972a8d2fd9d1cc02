"""What is fuzzed: every parse with every build behind it, and every decoder with every renderer behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Any, Protocol

from tests.fuzz.invariants import Disorder, check, check_start, finishes
from tests.fuzz.mutate import json_mutated, mutated, split
from tests.fuzz.odd_replies import odd_targets
from tests.fuzz.seeds import Answered, answered, endpoints, requests
from tests.support.contract import CHATS, ON_WIRES, chat_request, deployment
from tests.support.fitting import wire_request
from turnout.core import ChatRequest, Failure, StreamEvent, fold
from turnout.dialects import Endpoint, ReplyContext
from turnout.errors import RequestError, TurnoutError, UpstreamBroken
from turnout.providers import Decoder

CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1_790_000_000)


class Target(Protocol):
    name: str

    def once(self, random: Random) -> None:
        """Tries one mutation; raises whatever shouldn't have been, with the bytes in a note."""
        ...


@contextmanager
def noted(data: bytes) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        error.add_note(repr(data))
        raise


class ParseTarget:
    """A mutated request is parsed, and what comes of it is built for every provider."""

    def __init__(self, endpoint: Endpoint[Any, Any]) -> None:
        self.name = f"parse {endpoint.wire}"
        self._endpoint = endpoint
        self._seeds = requests(endpoint)
        self._bodies = [asked.body for asked in self._seeds]

    def once(self, random: Random) -> None:
        seed = random.choice(self._seeds)
        body = mutated(seed.body, self._bodies, random) if random.random() < 0.5 else json_mutated(seed.body, random)
        with noted(body), suppress(RequestError):
            self._build(self._endpoint.parse(body, seed.target))

    def _build(self, request: Any) -> None:
        for provider in ON_WIRES.values():
            try:
                sent = wire_request(provider, request, deployment(provider))
            except TurnoutError:
                continue
            if sent.headers.get("content-type", "application/json").startswith("application/json"):
                json.loads(sent.body.decode("utf-8", "replace"))


class DecodeTarget:
    """A mutated reply is decoded, cut anywhere, and every dialect says what it said."""

    def __init__(self, name: str, seeds: Sequence[Answered]) -> None:
        self.name = name
        self._seeds = seeds

    def once(self, random: Random) -> None:
        seed = random.choice(self._seeds)
        kept = random.random() < 0.5
        reply = random.choice(seed.replies)
        data = json_mutated(reply, random) if kept else mutated(reply, seed.replies, random)
        with noted(data):
            self._read(seed, data, random, kept=kept)

    def _read(self, seed: Answered, data: bytes, random: Random, *, kept: bool) -> None:
        relayed = self.name.startswith("relay")
        make = seed.operation.relay if relayed else seed.operation.decoder
        events, broken = read(make(seed.request), [data])
        check(events)
        in_pieces, broken_in_pieces = read(make(seed.request), split(data, random))
        check(in_pieces)
        if (broken is None) != (broken_in_pieces is None):
            raise Disorder(f"whole: {broken!r}, in pieces: {broken_in_pieces!r}")
        if kept and broken is None:
            self._check_cut(make(seed.request), data, events, random)
        if relayed:
            return
        if isinstance(seed.request, ChatRequest):
            check_start(events)
            if fold(events) != fold(in_pieces):
                raise Disorder("pieces change the answer")
            _render(events)

    def _check_cut(self, decoder: Decoder, data: bytes, whole: list[StreamEvent], random: Random) -> None:
        """What is cut off has no finish that the whole hasn't."""
        cut, _ = read(decoder, [data[: random.randrange(len(data) + 1)]])
        check(cut)
        if finishes(cut) != finishes(whole)[: len(finishes(cut))]:
            raise Disorder("a cut made a finish up")


def read(decoder: Decoder, pieces: Sequence[bytes]) -> tuple[list[StreamEvent], UpstreamBroken | None]:
    """The events as far as the engine reads them, to a failure; and what ended them if it was no proper end."""
    events: list[StreamEvent] = []
    try:
        for piece in pieces:
            events += decoder.feed(piece)
        events += decoder.close()
    except UpstreamBroken as error:
        return _to_failure(events), error
    return _to_failure(events), None


def _to_failure(events: list[StreamEvent]) -> list[StreamEvent]:
    ends = (at for at, event in enumerate(events) if isinstance(event, Failure))
    return events[: next(ends, len(events)) + 1]


def _render(events: list[StreamEvent]) -> None:
    """Every dialect's stream and body of them. What failed is told by an error in their place."""
    answer = fold(events)
    for endpoint in CHATS.values():
        request = chat_request(stream=True, stream_usage=True)
        renderer = endpoint.renderer(request, CONTEXT)
        for event in events:
            if not isinstance(event, Failure):
                renderer.feed([event])
        if answer.failure:
            renderer.fail(UpstreamBroken(answer.failure.message))
        else:
            renderer.close()
            json.loads(endpoint.body(chat_request(), answer, CONTEXT).decode("utf-8", "replace"))


def targets() -> list[Target]:
    """Every one that is found."""
    by_name: dict[str, list[Answered]] = {}
    for seed in answered():
        relayed = seed.request.raw is not None and seed.request.raw.wire == seed.operation.wire
        by_name.setdefault(f"{'relay' if relayed else 'decode'} {seed.name}", []).append(seed)
    parse: list[Target] = [ParseTarget(endpoint) for endpoint in endpoints()]
    return [*parse, *(DecodeTarget(name, seeds) for name, seeds in by_name.items()), *odd_targets()]
