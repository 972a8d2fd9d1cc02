"""What running engines say of the models that they serve: asked in the rounds of discovery, kept for the snapshots.

No request waits for it. Until an engine has answered, the facts by the model's name hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import structs

from turnout.core import NOTHING_SAID, Deployment, Description
from turnout.errors import UpstreamError
from turnout.facts import traits_of
from turnout.providers import DescribingProvider, Provider, describes

from .discovery import ANSWER_SECONDS, Fetch

ROUNDS: Final = 10
"""An engine is asked again after so many rounds: it may have been started anew, with another context."""


class Place(NamedTuple):
    """Where a model runs."""

    provider: str
    base_url: str
    model: str


class Descriptions:
    """The last answer of each place. An engine that doesn't answer keeps what it said before."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._known: dict[Place, Description] = {}
        self._asked: dict[Place, int] = {}  # the round
        self._round = 0

    def of(self, deployment: Deployment) -> Description:
        return self._known.get(_place(deployment), NOTHING_SAID)

    async def ask(
        self, deployments: Iterable[Deployment], fetch: Fetch, changed: Callable[[], Awaitable[None]]
    ) -> None:
        """Asks all engines at once, each for one model after the other. Awaits ``changed`` for each that said something
        new. Forgets the places that no deployment has.
        """
        self._round += 1
        places = {_place(deployment): deployment for deployment in deployments if self._can_say(deployment)}
        self._known = {place: said for place, said in self._known.items() if place in places}
        self._asked = {place: when for place, when in self._asked.items() if place in places}
        tasks = [asyncio.ensure_future(self._ask_engine(engine, fetch)) for engine in self._engines(places)]
        try:
            for new in asyncio.as_completed(tasks):
                if await new:
                    await changed()
        finally:
            for task in tasks:
                task.cancel()

    def _can_say(self, deployment: Deployment) -> bool:
        return describes(self._providers[deployment.provider])

    def _engines(self, places: Mapping[Place, Deployment]) -> Sequence[Sequence[tuple[Place, Deployment]]]:
        """The places to ask now, of each engine."""
        engines: dict[tuple[str, str], list[tuple[Place, Deployment]]] = {}
        for place, deployment in places.items():
            if place not in self._asked or self._round - self._asked[place] >= ROUNDS:
                engines.setdefault(place[:2], []).append((place, deployment))
        return list(engines.values())

    async def _ask_engine(self, places: Iterable[tuple[Place, Deployment]], fetch: Fetch) -> bool:
        """Whether it said something new. An engine that can't be reached is asked again in the next round."""
        new = False
        for place, deployment in places:
            try:
                said = await self._said(deployment, fetch)
            except UpstreamError:
                break
            self._asked[place] = self._round
            new = new or said != self._known.get(place, NOTHING_SAID)
            self._known[place] = said
        return new

    async def _said(self, deployment: Deployment, fetch: Fetch) -> Description:
        """Nothing, if the engine doesn't know the question or answers in another form. Raises ``UpstreamError``."""
        provider = self._providers[deployment.provider]
        if not describes(provider):
            return NOTHING_SAID
        request = provider.describe(deployment).through(deployment.network)
        status, headers, body = await fetch(request, ANSWER_SECONDS)
        if status >= 500:
            raise provider.refusal(status, headers, body, deployment)
        return _read(provider, body, deployment) if status == 200 else NOTHING_SAID


def _read(provider: DescribingProvider, body: bytes, deployment: Deployment) -> Description:
    try:
        return provider.read_description(body, deployment)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING_SAID


def _place(deployment: Deployment) -> Place:
    return Place(deployment.provider, deployment.base_url, deployment.model)


def described(deployment: Deployment, said: Description) -> Deployment:
    """The deployment with what the engine says, unless the operator says otherwise.

    The engine goes before the facts by the model's name.
    """
    if said is NOTHING_SAID:
        return deployment
    traits, by_name = deployment.traits, traits_of(deployment.model)
    inputs = traits.inputs if said.inputs is None or traits.inputs != by_name.inputs else said.inputs
    return structs.replace(
        deployment,
        traits=structs.replace(
            traits,
            context=traits.context or said.context,
            inputs=inputs,
            blind=said.inputs is not None and inputs is not None and "image" not in inputs,
            thinking=said.thinking or traits.thinking,
            efforts=traits.efforts if said.efforts is None else said.efforts,
            tools=traits.tools if said.tools is None else said.tools,
            makes=said.makes,
            shortens=said.shortens,
            continues=traits.continues or (said.continues if traits.prefill else None),
        ),
    )
