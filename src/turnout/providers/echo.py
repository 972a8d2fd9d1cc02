"""Says the prompt back, word by word: something to talk to when there is no model at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import msgspec

from turnout.core import (
    ChatRequest,
    Delta,
    Deployment,
    Finish,
    FinishReason,
    Message,
    PartEnd,
    PartStart,
    Sampling,
    Start,
    StreamEvent,
    Support,
    Text,
    Usage,
    UsageSoFar,
    refuse_unsupported,
)
from turnout.providers import Profile

DELAY_MS = 10.0
_PIECE = 16 * 1024  # characters that are split in one go
_ALONE = 1000  # words that are said one by one
_SPACE = re.compile(r"\s")


class Echo:
    """``options.delay_ms`` (default 10) passes before the answer; words count as tokens."""

    name = "echo"
    profile = Profile(title="Echo", base_url="", images=None)
    support = Support(
        namespace="echo",
        knobs=frozenset(),
        ignores=frozenset(Sampling.__struct_fields__) | {"user", "metadata", "name"},
        image_urls=False,
        image_data=False,
        tools=False,
        json=False,
        json_schema=False,
        reasoning=False,
    )

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        refuse_unsupported(request, self.support, self.name)
        return _say(request, deployment)


async def _say(request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
    delay = deployment.options.get("delay_ms")
    await asyncio.sleep((DELAY_MS if delay is None else msgspec.json.decode(delay, type=float)) / 1000)
    yield [Start("", deployment.model), PartStart(0, Text(""))]
    texts, hit = _texts_of(_asked(request)), None
    if request.stop:
        texts, hit = await _until_stop(texts, request.stop)
    reason: FinishReason = "stop"
    said = 0
    for number, words in enumerate(_words(texts)):
        await _others(number)
        if request.max_output is not None and said + len(words) > request.max_output:
            words, reason, hit = words[: request.max_output - said], "length", None
        for delta in _deltas(words, said):
            yield [delta]
        said += len(words)
        if reason == "length":
            break
    given = 0
    for number, words in enumerate(_words([text for message in request.messages for text in _texts_of(message)])):
        await _others(number)
        given += len(words)
    yield [PartEnd(0), Finish(reason, reason, stop_sequence=hit), UsageSoFar(Usage(input=given, output=said))]


async def _others(number: int) -> None:
    """Lets other requests go on, after some pieces of work."""
    if number % 4 == 3:
        await asyncio.sleep(0)


def _asked(request: ChatRequest) -> Message:
    """The last user message."""
    return next((message for message in reversed(request.messages) if message.role == "user"), request.messages[-1])


def _texts_of(message: Message) -> list[str]:
    return [part.text for part in message.parts if isinstance(part, Text)]


def _deltas(words: list[str], said: int) -> Iterator[Delta]:
    """Each of the first words alone, those of a long answer together."""
    pieces = words if said < _ALONE or not words else [" ".join(words)]
    for number, piece in enumerate(pieces):
        yield Delta(0, f" {piece}" if said or number else piece)


async def _until_stop(texts: Sequence[str], stops: Sequence[str]) -> tuple[list[str], str | None]:
    """What comes before the first of the stop sequences, and which one that is."""
    said = []
    for number, words in enumerate(_words(texts)):
        await _others(number)
        if words:
            said.append(" ".join(words))
    text = " ".join(said)
    end, hit = len(text), None
    for number, stop in enumerate(stops):
        await _others(number)
        at = text.find(stop) if stop else -1
        if 0 <= at < end:
            end, hit = at, stop
    return [text[:end]], hit


def _words(texts: Iterable[str]) -> Iterator[list[str]]:
    """Some at a time, however long the texts are."""
    for text in texts:
        for piece in _pieces(text):
            yield piece.split()


def _pieces(text: str) -> Iterator[str]:
    """``text``, cut before spaces. Empty ones while the end of a long word is looked for."""
    start, at = 0, _PIECE
    while at < len(text):
        space = _SPACE.search(text, at, at + _PIECE)
        if space is None:
            at += _PIECE
            yield ""
        else:
            yield text[start : space.start()]
            start, at = space.start(), space.start() + _PIECE
    yield text[start:]


PROVIDERS = (Echo(),)
