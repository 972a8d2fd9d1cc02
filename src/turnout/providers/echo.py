"""Says the prompt back, word by word: something to talk to when there is no model at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from turnout.core import (
    ChatRequest,
    Delta,
    Deployment,
    Finish,
    FinishReason,
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
    words, finish = _answer(request)
    yield [Start("", deployment.model), PartStart(0, Text(""))]
    for number, word in enumerate(words):
        yield [Delta(0, word if number == 0 else f" {word}")]
    given = sum(len(part.text.split()) for m in request.messages for part in m.parts if isinstance(part, Text))
    yield [PartEnd(0), finish, UsageSoFar(Usage(input=given, output=len(words)))]


def _answer(request: ChatRequest) -> tuple[list[str], Finish]:
    """The last user message's words, up to the output limit and the first stop sequence."""
    said = next((message for message in reversed(request.messages) if message.role == "user"), request.messages[-1])
    text = " ".join(" ".join(part.text for part in said.parts if isinstance(part, Text)).split())
    reason: FinishReason = "stop"
    hit = min((stop for stop in request.stop if stop and stop in text), key=text.index, default=None)
    if hit is not None:
        text = text[: text.index(hit)]
    words = text.split()
    if request.max_output is not None and len(words) > request.max_output:
        words, reason, hit = words[: request.max_output], "length", None
    return words, Finish(reason, reason, stop_sequence=hit)


PROVIDERS = (Echo(),)
