"""Asking every place which models it serves, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from turnout.catalog import Catalog, Fetch
from turnout.catalog.discovery import ANSWER_SECONDS
from turnout.core import Deployment, WireRequest
from turnout.errors import UpstreamBroken, UpstreamError
from turnout.gateway import fetch
from turnout.transport import Transport, address_of

from .places import Place, places_of

Reply = tuple[int, Mapping[str, str], bytes]
_SHORTEST_SECRET = 6
"""Characters; a header's ``true`` or ``1`` is none, and taking it out would spoil the text."""

Progress = Callable[[Sequence[str]], None]
"""Is given the addresses that haven't answered yet, each time there is another one or one less."""


class Answer(NamedTuple):
    """The models that a place lists, or why it doesn't: ``problem`` is the error's text without secrets."""

    place: Place
    models: tuple[str, ...]
    error: UpstreamError | None = None
    problem: str = ""


async def ask_everybody(catalog: Catalog, told: Progress) -> Sequence[Answer]:
    """Each place within ``ANSWER_SECONDS``. Discovers meanwhile, from the same answers."""
    transport = Transport()
    once = _Once(partial(fetch, transport), told)
    try:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(_ask(place, once)) for place in places_of(catalog)]
            group.create_task(catalog.discover(once))
    finally:
        await transport.close()
    return [task.result() for task in asked]


async def _ask(place: Place, ask: Fetch) -> Answer:
    provider, deployment = place.provider, place.deployment
    try:
        status, headers, body = await ask(provider.list_models(deployment), ANSWER_SECONDS)
        if status != 200:
            raise provider.refusal(status, headers, body, deployment)
        return Answer(place, tuple(dict.fromkeys(provider.read_models(body))))
    except UpstreamError as error:
        return Answer(place, (), error, _without_secrets(error.message, deployment))
    except (msgspec.DecodeError, UnicodeDecodeError):
        broken = UpstreamBroken(f"{place.address} answered with something that is no list of models.")
        return Answer(place, (), broken, broken.message)


def _without_secrets(text: str, deployment: Deployment) -> str:
    """Some providers quote the key they refuse."""
    secrets = [*deployment.headers.values(), deployment.api_key.reveal() if deployment.api_key else ""]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


class _Once:
    """Sends the same request once, whoever asks it how often."""

    def __init__(self, ask: Fetch, told: Progress) -> None:
        self._ask = ask
        self._told = told
        self._replies: dict[object, asyncio.Task[Reply]] = {}
        self._waiting: list[str] = []

    async def __call__(self, request: WireRequest, seconds: float) -> Reply:
        key = request.url, tuple(sorted(request.headers.items()))
        if key not in self._replies:
            self._replies[key] = asyncio.get_running_loop().create_task(self._send(request, seconds))
        return await self._replies[key]

    async def _send(self, request: WireRequest, seconds: float) -> Reply:
        address = address_of(request.url)
        self._waiting.append(address)
        self._tell()
        try:
            return await self._ask(request, seconds)
        finally:
            self._waiting.remove(address)
            self._tell()

    def _tell(self) -> None:
        self._told(sorted(set(self._waiting)))
