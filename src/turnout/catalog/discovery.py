"""Zero configuration: which models the providers serve that environment and file give access to.

Asked are the providers that have a key, and local servers at their usual or given addresses. Nothing waits for it.
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
"""Sends a request: status, headers (lower-case names) and body within that many seconds, or ``UpstreamError``."""

ANSWER_SECONDS: Final = 5.0
LATEST: Final = ":latest"

Outcome = Literal["asking", "found", "unreachable", "timeout", "unauthorized", "refused", "unreadable", "skipped"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking one provider. ``models`` are those of its last answer; ``detail`` has no secrets."""

    provider: str
    title: str
    address: str
    outcome: Outcome
    models: tuple[str, ...] = ()
    detail: str = ""
    key_source: str | None = None


class Target(msgspec.Struct, frozen=True):
    """A provider to ask, as which deployment. Where its list doesn't tell what it serves, ``serves`` does.

    ``own`` is what leads to Turnout itself, which isn't asked.
    """

    provider: WireProvider
    deployment: Deployment
    serves: tuple[str, ...] | None = None
    own: str = ""


class Discovery:
    """Keeps what was found. Local servers come first, then the others, each by name: so all processes agree."""

    def __init__(self, targets: Iterable[Target]) -> None:
        known = sorted(targets, key=lambda target: (not is_local(target.provider), target.provider.name))
        self._targets = [target for target in known if not target.own]
        self._findings = {
            target.provider.name: _finding(target, "asking")
            if target in self._targets
            else _finding(target, "skipped", detail=f"{target.own} is Turnout's own address")
            for target in known
        }

    def findings(self) -> Sequence[Finding]:
        return tuple(self._findings.values())

    def renewed(self, targets: Iterable[Target]) -> Discovery:
        """For changed settings; what was found where nothing changed is still known."""
        new = Discovery(targets)
        for target in new._targets:
            if target in self._targets:
                new._findings[target.provider.name] = self._findings[target.provider.name]
        return new

    def deployments(self) -> Iterator[tuple[Provider, str]]:
        """Each provider with each upstream model it serves, in the order in which they are tried."""
        for target in self._targets:
            for model in self._findings[target.provider.name].models:
                yield target.provider, model

    def open_targets(self) -> Sequence[Target]:
        """Those worth asking again: local servers, whose models come and go, and whoever did not answer."""
        return [
            target
            for target in self._targets
            if is_local(target.provider) or self._findings[target.provider.name].outcome != "found"
        ]

    async def ask(self, targets: Iterable[Target], fetch: Fetch, changed: Callable[[], Awaitable[None]]) -> None:
        """Asks all at once; ``changed`` is awaited each time the served models are others than before."""
        asked = [asyncio.ensure_future(_ask(target, fetch)) for target in targets]
        try:
            for answer in asyncio.as_completed(asked):
                if self._note(await answer):
                    await changed()
        finally:
            for task in asked:
                task.cancel()

    def _note(self, finding: Finding) -> bool:
        """A server that is gone keeps its models: asking for them says how to start it."""
        before = self._findings[finding.provider]
        if finding.outcome != "found":
            finding = msgspec.structs.replace(finding, models=before.models)
        self._findings[finding.provider] = finding
        return finding.models != before.models


def targets(factory: DeploymentFactory, environment: Environment, providers: Iterable[Provider]) -> Iterator[Target]:
    """Whom to ask: local servers, and providers with a key and an address."""
    for provider in {provider.name: provider for provider in providers}.values():
        access = factory.access(provider)
        if in_process(provider) or not (access.base_url and (is_local(provider) or access.api_key)):
            continue
        made = factory.make(provider, DeploymentSettings(provider=provider.name, model=""))
        named_by = EXTRAS.get(provider.name, Extras()).model
        model = environment.value(*named_by)
        serves = ((model,) if model else ()) if named_by else None
        yield Target(cast(WireProvider, provider), msgspec.structs.replace(made, id=provider.name), serves, access.own)


async def _ask(target: Target, fetch: Fetch) -> Finding:
    provider, deployment = target.provider, target.deployment
    try:
        status, headers, body = await fetch(provider.list_models(deployment), ANSWER_SECONDS)
        if status != 200:
            raise provider.refusal(status, headers, body, deployment)
        listed = tuple(dict.fromkeys(provider.read_models(body)))
    except UpstreamError as error:
        return _finding(target, _outcome(error), detail=_without_secret(error.message, deployment))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _finding(target, "unreadable", detail=f"what it sent is not a list of models: {error}")
    return _finding(target, "found", listed if target.serves is None else target.serves)


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
    """Some providers quote the key they refuse."""
    return text.replace(deployment.api_key.reveal(), "***") if deployment.api_key else text
