"""Asks deployments whether they are there, where the configuration says so (``health.check``).

The question is the provider's list of models, which costs nothing and is on nobody's budget.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, cast

from turnout.core import Deployment, Secret
from turnout.errors import UpstreamError
from turnout.providers import Provider, WireProvider, in_process
from turnout.routing import Board, Fault, fault_of

from .discovery import ANSWER_SECONDS, Fetch
from .snapshot import Snapshot

_AT_ONCE: Final = 8
_NO_LIST: Final = (404, 405)


class _Access(NamedTuple):
    """Deployments with the same one are asked once."""

    provider: str
    base_url: str
    api_key: Secret | None


async def check_deployments(snapshot: Snapshot, providers: Mapping[str, Provider], board: Board, fetch: Fetch) -> None:
    """One round: tells the board which of the served deployments are there."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def check(deployments: Sequence[Deployment]) -> None:
        provider = cast(WireProvider, providers[deployments[0].provider])
        async with slots:
            fault = await _fault_of_list(provider, deployments[0], fetch)
        for deployment in deployments:
            board.checked(deployment, fault)

    async with asyncio.TaskGroup() as group:
        for deployments in _by_access(snapshot, providers):
            group.create_task(check(deployments))


def _by_access(snapshot: Snapshot, providers: Mapping[str, Provider]) -> Iterable[Sequence[Deployment]]:
    found: dict[_Access, list[Deployment]] = {}
    for model in snapshot.models.values():
        for deployment in model.deployments:
            if not in_process(providers[deployment.provider]):
                access = _Access(deployment.provider, deployment.base_url, deployment.api_key)
                found.setdefault(access, []).append(deployment)
    return found.values()


async def _fault_of_list(provider: WireProvider, deployment: Deployment, fetch: Fetch) -> Fault | None:
    """None for any answer of a provider that is well: also that it has no such list, or is asked for it too often."""
    request = provider.list_models(deployment).through(deployment.network)
    try:
        status, headers, body = await fetch(request, ANSWER_SECONDS)
        if status < 400 or status in _NO_LIST:
            return None
        fault = fault_of(provider.refusal(status, headers, body, deployment))
    except UpstreamError as error:
        fault = fault_of(error)
    return None if fault in ("request", "throttled") else fault
