"""Answers with the prompt's own words: a provider to try Turnout with when there is no model."""

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
    Start,
    StreamEvent,
    Support,
    Text,
    Usage,
    UsageSoFar,
)
from turnout.providers import Profile

DELAY_MS = 10.0
_PIECE = 16 * 1024  # characters that are split at once
_SINGLE_WORDS = 1000  # words that are sent one by one; later ones are sent in groups
_SPACE = re.compile(r"\s")


class Echo:
    """Waits ``options.delay_ms`` (default 10) before the answer. A word counts as a token."""

    name = "echo"
    profile = Profile(title="Echo", base_url="", images=None)
    support = Support(
        namespace="echo",
        knobs=frozenset(),
        ignores=frozenset({"logprobs", "top_logprobs", "user", "metadata", "name"}),
        image_urls=False,
        image_data=False,
        tools=False,
        json=False,
        json_schema=False,
        reasoning=False,
    )

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        return _answer(request, deployment)


async def _answer(request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
    delay = deployment.options.get("delay_ms")
    await asyncio.sleep((DELAY_MS if delay is None else msgspec.json.decode(delay, type=float)) / 1000)
    yield [Start("", deployment.model), PartStart(0, Text(""))]
    texts, stop_sequence = _texts_of(_prompt(request)), None
    if request.stop:
        texts, stop_sequence = await _until_stop(texts, request.stop)
    reason: FinishReason = "stop"
    output = 0
    for number, words in enumerate(_words(texts)):
        await _yield_sometimes(number)
        if request.max_output is not None and output + len(words) > request.max_output:
            words, reason, stop_sequence = words[: request.max_output - output], "length", None
        for delta in _deltas(words, output):
            yield [delta]
        output += len(words)
        if reason == "length":
            break
    usage = Usage(input=await _input_words(request), output=output)
    yield [PartEnd(0), Finish(reason, reason, stop_sequence=stop_sequence), UsageSoFar(usage)]


async def _input_words(request: ChatRequest) -> int:
    count = 0
    for number, words in enumerate(_words([text for message in request.messages for text in _texts_of(message)])):
        await _yield_sometimes(number)
        count += len(words)
    return count


async def _yield_sometimes(number: int) -> None:
    """Lets other requests run after every fourth piece of work. ``number`` counts the pieces."""
    if number % 4 == 3:
        await asyncio.sleep(0)


def _prompt(request: ChatRequest) -> Message:
    """The last user message; the last message where there is none."""
    return next((message for message in reversed(request.messages) if message.role == "user"), request.messages[-1])


def _texts_of(message: Message) -> list[str]:
    return [part.text for part in message.parts if isinstance(part, Text)]


def _deltas(words: list[str], sent: int) -> Iterator[Delta]:
    """One delta for each word; one for all of them when ``sent``, the number of words before, is large."""
    pieces = words if sent < _SINGLE_WORDS or not words else [" ".join(words)]
    for number, piece in enumerate(pieces):
        yield Delta(0, f" {piece}" if sent or number else piece)


async def _until_stop(texts: Sequence[str], stops: Sequence[str]) -> tuple[list[str], str | None]:
    """The text before the first stop sequence in it, and that stop sequence."""
    pieces = []
    for number, words in enumerate(_words(texts)):
        await _yield_sometimes(number)
        if words:
            pieces.append(" ".join(words))
    text = " ".join(pieces)
    end, first_stop = len(text), None
    for number, stop in enumerate(stops):
        await _yield_sometimes(number)
        at = text.find(stop) if stop else -1
        if 0 <= at < end:
            end, first_stop = at, stop
    return [text[:end]], first_stop


def _words(texts: Iterable[str]) -> Iterator[list[str]]:
    """The words of the texts, some at a time."""
    for text in texts:
        for piece in _pieces(text):
            yield piece.split()


def _pieces(text: str) -> Iterator[str]:
    """``text`` in pieces, cut before spaces. Yields empty pieces while it searches for the end of a long word."""
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
