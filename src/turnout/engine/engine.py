"""The engine: a plan's deployments in turn, until one begins to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from turnout.aside import Aside
from turnout.core import Deployment, Request
from turnout.errors import AllDeploymentsFailed, TurnoutError, Unsupported, UpstreamError
from turnout.providers import Provider
from turnout.routing import Plan
from turnout.routing.planner import plan
from turnout.ticker import Ticker
from turnout.transport import Transport

from .attempt import Attempt
from .backoff import pause_before_retry
from .call import Call, Meter, Models, Prepared, Preparer, Recorder
from .reply import Reply
from .source import MOST_BYTES, Source, source_of


class Engine:
    """Holds nothing of a request: everything is in its ``Call`` and its ``Reply``."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        transport: Transport,
        *,
        recorder: Recorder,
        meter: Meter,
        ticker: Ticker,
        aside: Aside,
        preparers: Sequence[Preparer] = (),
        max_reply_bytes: int = MOST_BYTES,
    ) -> None:
        self._providers = providers
        self._transport = transport
        self._recorder = recorder
        self._meter = meter
        self._ticker = ticker
        self._aside = aside
        self._preparers = preparers
        self._max_reply_bytes = max_reply_bytes

    async def open(self, call: Call, models: Models) -> Reply:
        """A reply that has begun. Raises ``UnknownModel``, ``Unsupported``, or what all deployments failed with."""
        course = plan(models.find(call.request.model), models.find)
        failures: list[tuple[str, TurnoutError]] = []
        attempts = 0
        for step in course.steps:
            deployment = step.deployment
            failed = 0
            while True:
                try:
                    prepared = await self._prepared(call, deployment)
                    source = await self._source(call, prepared.request, deployment)
                    attempt = self._attempt(call, prepared, deployment, source, attempts + 1)
                    attempts += 1
                    support = self._providers[deployment.provider].support
                    return Reply(course, attempt, support, await attempt.open())
                except (UpstreamError, Unsupported) as error:
                    failed += 1
                    last = deployment
                    pause = pause_before_retry(failed, deployment.retries, error)
                    if pause is None:
                        failures.append((deployment.id, error.afresh()))
                        break
                await asyncio.sleep(pause)
            if _blames_request(failures[-1][1]):
                break
        raise _verdict(course, failures, attempts, last)

    async def _prepared(self, call: Call, deployment: Deployment) -> Prepared:
        """Raises ``Unsupported`` or ``InvalidRequest`` before anything has been recorded or sent."""
        request = call.request
        changes: tuple[str, ...] = ()
        for preparer in self._preparers:
            prepared = await preparer.prepare(request, deployment)
            if prepared is not None:
                request, changes = prepared.request, changes + prepared.changes
        return Prepared(request, changes)

    async def _source(self, call: Call, request: Request, deployment: Deployment) -> Source:
        """Raises ``Unsupported`` before anything has been recorded or sent."""
        given = self._providers[deployment.provider], request, deployment, self._transport, self._max_reply_bytes
        return await self._aside.run(source_of, *given) if call.large else source_of(*given)

    def _attempt(self, call: Call, prepared: Prepared, deployment: Deployment, source: Source, number: int) -> Attempt:
        return Attempt(
            call,
            deployment,
            number,
            source,
            changes=prepared.changes,
            recorder=self._recorder,
            meter=self._meter,
            ticker=self._ticker,
        )


def _blames_request(error: TurnoutError) -> bool:
    """Would every other deployment say the same?"""
    return isinstance(error, UpstreamError) and not error.elsewhere


def _verdict(course: Plan, failures: list[tuple[str, TurnoutError]], attempts: int, last: Deployment) -> TurnoutError:
    """The one failure if there was only one, else one error that names all of them."""
    verdict = failures[-1][1].afresh()
    alone = len(failures) == 1 or _blames_request(verdict)
    if not alone and not all(isinstance(error, Unsupported) for _, error in failures):
        verdict = AllDeploymentsFailed(course.model, failures)
    if isinstance(verdict, UpstreamError):
        verdict.attempts, verdict.provider, verdict.deployment = attempts, last.provider, last.id
    return verdict
