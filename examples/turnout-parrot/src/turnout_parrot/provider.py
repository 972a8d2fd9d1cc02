"""What the entry point names: `PROVIDERS`, a tuple of providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from turnout.core import (
    ChatRequest,
    Delta,
    Deployment,
    Finish,
    PartEnd,
    PartStart,
    Start,
    StreamEvent,
    Support,
    Text,
)
from turnout.providers import Profile


class Parrot:
    """Says the last words of the prompt, twice. It takes text alone, and ignores how warm the sampling is."""

    name = "parrot"
    profile = Profile(title="Parrot", base_url="", images=None)
    support = Support(
        namespace="parrot",
        knobs=frozenset(),
        ignores=frozenset({"logprobs", "top_logprobs", "user", "metadata", "name"}),
        image_urls=False,
        image_data=False,
        tools=False,
        json=False,
        json_schema=False,
        reasoning=False,
        stop=False,
    )

    def run(self, request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
        return _say(request, deployment)


async def _say(request: ChatRequest, deployment: Deployment) -> AsyncIterator[Sequence[StreamEvent]]:
    texts = [part.text for part in request.messages[-1].parts if isinstance(part, Text)]
    last = " ".join("".join(texts).split()[-2:])
    yield [Start("", deployment.model), PartStart(0, Text(""))]
    yield [Delta(0, f"{last}! ")]
    yield [Delta(0, f"{last}!"), PartEnd(0), Finish("stop", "stop")]


PROVIDERS = (Parrot(),)
