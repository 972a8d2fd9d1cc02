"""Discovery: it asks providers which models they serve, so that nobody has to configure these models.

It asks providers that have a key, and local servers at their usual or configured addresses. No request waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, cast

import msgspec

from turnout.config.environment import EXTRAS, Environment, Extras
from turnout.config.settings import DeploymentSettings
from turnout.core import Deployment, WireRequest
from turnout.errors import (
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnauthenticated,
    UpstreamUnreachable,
)
from turnout.providers import Provider, WireProvider, in_process, is_local

from .factory import DeploymentFactory

Fetch = Callable[[WireRequest, float], Awaitable[tuple[int, Mapping[str, str], bytes]]]
"""Sends a request, for so many seconds. Returns status, headers (lower-case names), body. Raises ``UpstreamError``."""

ANSWER_SECONDS: Final = 5.0
LATEST: Final = ":latest"

Outcome = Literal["asking", "found", "unreachable", "timeout", "unauthorized", "refused", "unreadable", "skipped"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one provider. ``models`` are those of its last answer. ``detail`` holds no secrets."""

    provider: str
    title: str
    address: str
    outcome: Outcome
    models: tuple[str, ...] = ()
    detail: str = ""
    key_source: str | None = None


class Target(msgspec.Struct, frozen=True):
    """A provider to ask, with the deployment whose address and key are used.

    ``served_models`` replaces a list of models that doesn't say which ones are served; None: the list says it.
    ``self_reference`` is the setting that leads to Turnout itself: such a target isn't asked.
    """

    provider: WireProvider
    deployment: Deployment
    served_models: tuple[str, ...] | None = None
    self_reference: str = ""


class Discovery:
    """Keeps the findings. Local servers come first, then the others, each group by name: all processes agree so."""

    def __init__(self, targets: Iterable[Target]) -> None:
        in_order = sorted(targets, key=lambda target: (not is_local(target.provider), target.provider.name))
        self._targets = [target for target in in_order if not target.self_reference]
        self._findings = {
            target.provider.name: _finding(target, "asking")
            if target in self._targets
            else _finding(target, "skipped", detail=f"{target.self_reference} is Turnout's own address")
            for target in in_order
        }

    def findings(self) -> Sequence[Finding]:
        return tuple(self._findings.values())

    def with_targets(self, targets: Iterable[Target]) -> Discovery:
        """A discovery for changed settings. It keeps the findings of targets that haven't changed."""
        new = Discovery(targets)
        for target in new._targets:
            if target in self._targets:
                new._findings[target.provider.name] = self._findings[target.provider.name]
        return new

    def upstream_models(self) -> Iterator[tuple[Provider, str]]:
        """Each provider with each model that it serves, in the order in which deployments are tried."""
        for target in self._targets:
            for model in self._findings[target.provider.name].models:
                yield target.provider, model

    def targets_to_ask(self) -> Sequence[Target]:
        """Local servers, whose models come and go, and providers whose last answer was no list of models."""
        return [
            target
            for target in self._targets
            if is_local(target.provider) or self._findings[target.provider.name].outcome != "found"
        ]

    async def ask(self, targets: Iterable[Target], fetch: Fetch, changed: Callable[[], Awaitable[None]]) -> None:
        """Asks all targets at once. Awaits ``changed`` each time the discovered models have changed."""
        tasks = [asyncio.ensure_future(_ask(target, fetch)) for target in targets]
        try:
            for finding in asyncio.as_completed(tasks):
                if self._record(await finding):
                    await changed()
        finally:
            for task in tasks:
                task.cancel()

    def _record(self, finding: Finding) -> bool:
        """Whether the provider's models have changed.

        A server that doesn't answer keeps its models: a request for one then gets an error that says how to start it.
        """
        before = self._findings[finding.provider]
        if finding.outcome != "found":
            finding = msgspec.structs.replace(finding, models=before.models)
        self._findings[finding.provider] = finding
        return finding.models != before.models


def targets(factory: DeploymentFactory, environment: Environment, providers: Iterable[Provider]) -> Iterator[Target]:
    """Local servers, and providers with a key and an address."""
    for provider in {provider.name: provider for provider in providers}.values():
        access = factory.access(provider)
        if in_process(provider) or not (access.base_url and (is_local(provider) or access.api_key)):
            continue
        deployment = factory.make(provider, DeploymentSettings(provider=provider.name, model=""))
        deployment = msgspec.structs.replace(deployment, id=provider.name)
        model_variables = EXTRAS.get(provider.name, Extras()).model
        model = environment.value(*model_variables)
        served_models = ((model,) if model else ()) if model_variables else None
        yield Target(cast(WireProvider, provider), deployment, served_models, access.self_reference)


async def _ask(target: Target, fetch: Fetch) -> Finding:
    provider, deployment = target.provider, target.deployment
    try:
        status, headers, body = await fetch(
            provider.list_models(deployment).through(deployment.network), ANSWER_SECONDS
        )
        if status != 200:
            raise provider.refusal(status, headers, body, deployment)
        listed = tuple(dict.fromkeys(provider.read_models(body)))
    except UpstreamError as error:
        return _finding(target, _outcome(error), detail=_without_secret(error.message, deployment))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _finding(target, "unreadable", detail=f"what it sent is not a list of models: {error}")
    return _finding(target, "found", listed if target.served_models is None else target.served_models)


def _finding(target: Target, outcome: Outcome, models: tuple[str, ...] = (), detail: str = "") -> Finding:
    return Finding(
        provider=target.provider.name,
        title=target.provider.profile.title,
        address=target.deployment.base_url,
        outcome=outcome,
        models=models,
        detail=detail,
        key_source=target.deployment.key_source if target.deployment.api_key else None,
    )


def _outcome(error: UpstreamError) -> Outcome:
    match error:
        case UpstreamUnauthenticated():
            return "unauthorized"
        case UpstreamRefused():
            return "refused"
        case UpstreamTimeout():
            return "timeout"
        case UpstreamUnreachable():
            return "unreachable"
    return "unreadable"


def _without_secret(text: str, deployment: Deployment) -> str:
    """The text without the key: some providers quote the key that they refuse."""
    return text.replace(deployment.api_key.reveal(), "***") if deployment.api_key else text
