"""Asks all places at once which models they serve."""

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
"""Characters. A shorter header value such as ``true`` is no secret, and the text needs it."""

Progress = Callable[[Sequence[str]], None]
"""Called with the addresses that haven't answered yet, each time these change."""


class Answer(NamedTuple):
    """The models that a place lists, or the error. ``problem`` is the error's text without secrets.

    ``proxy`` is the address of the proxy through which it was asked, empty for none.
    """

    place: Place
    models: tuple[str, ...]
    error: UpstreamError | None = None
    problem: str = ""
    proxy: str = ""


async def ask_all_places(catalog: Catalog, on_progress: Progress) -> Sequence[Answer]:
    """Waits up to ``ANSWER_SECONDS`` for each place. Discovery runs meanwhile and uses the same answers."""
    transport = Transport()
    fetch_once = _FetchOnce(partial(fetch, transport), on_progress)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_ask(place, fetch_once, transport)) for place in places_of(catalog)]
            group.create_task(catalog.discover(fetch_once))
    finally:
        await transport.close()
    return [task.result() for task in tasks]


async def _ask(place: Place, fetch: Fetch, transport: Transport) -> Answer:
    provider, deployment, proxy = place.provider, place.deployment, ""
    try:
        proxy = transport.proxy_of(deployment.base_url, deployment.network)
        status, headers, body = await fetch(
            provider.list_models(deployment).through(deployment.network), ANSWER_SECONDS
        )
        if status != 200:
            raise provider.refusal(status, headers, body, deployment)
        return Answer(place, tuple(dict.fromkeys(provider.read_models(body))), proxy=proxy)
    except UpstreamError as error:
        return Answer(place, (), error, _without_secrets(error.message, deployment), proxy)
    except (msgspec.DecodeError, UnicodeDecodeError):
        broken = UpstreamBroken(f"{place.address} answered with something that is no list of models.")
        return Answer(place, (), broken, broken.message, proxy)


def _without_secrets(text: str, deployment: Deployment) -> str:
    """The text without key and header values: some providers quote the key that they refuse."""
    secrets = [*deployment.headers.values(), deployment.api_key.reveal() if deployment.api_key else ""]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


class _FetchOnce:
    """Sends equal requests once, and gives every caller the same reply."""

    def __init__(self, fetch: Fetch, on_progress: Progress) -> None:
        self._fetch = fetch
        self._on_progress = on_progress
        self._replies: dict[object, asyncio.Task[Reply]] = {}
        self._waiting: list[str] = []

    async def __call__(self, request: WireRequest, seconds: float) -> Reply:
        key = request.url, tuple(sorted(request.headers.items())), request.network
        if key not in self._replies:
            self._replies[key] = asyncio.get_running_loop().create_task(self._send(request, seconds))
        return await self._replies[key]

    async def _send(self, request: WireRequest, seconds: float) -> Reply:
        address = address_of(request.url)
        self._waiting.append(address)
        self._report_progress()
        try:
            return await self._fetch(request, seconds)
        finally:
            self._waiting.remove(address)
            self._report_progress()

    def _report_progress(self) -> None:
        self._on_progress(sorted(set(self._waiting)))
