"""The engine: a plan's deployments in turn, until one begins to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from turnout.errors import AllDeploymentsFailed, TurnoutError, Unsupported, UpstreamError
from turnout.providers import Provider
from turnout.routing import Plan, Step
from turnout.routing.planner import plan
from turnout.transport import Transport

from .attempt import Attempt
from .backoff import pause_before_retry
from .call import Call, Meter, Models, Recorder
from .reply import Reply
from .source import source_of


class Engine:
    """Holds nothing of a request: everything is in its ``Call`` and its ``Reply``."""

    def __init__(
        self, providers: Mapping[str, Provider], transport: Transport, recorder: Recorder, meter: Meter
    ) -> None:
        self._providers = providers
        self._transport = transport
        self._recorder = recorder
        self._meter = meter

    async def open(self, call: Call, models: Models) -> Reply:
        """A reply that has begun. Raises ``UnknownModel``, ``Unsupported``, or what all deployments failed with."""
        return await _Course(self, call, plan(models.find(call.request.model), models.find)).run()

    async def begin(self, call: Call, step: Step, number: int, plan: Plan) -> Reply:
        """One attempt, up to its first events."""
        deployment = step.deployment
        provider = self._providers[deployment.provider]
        source = source_of(provider, call.request, deployment, self._transport)
        attempt = Attempt(call, deployment, number, source, self._recorder, self._meter)
        return Reply(plan, attempt, await attempt.open())


class _Course:
    """One request's course through its plan."""

    def __init__(self, engine: Engine, call: Call, plan: Plan) -> None:
        self._engine = engine
        self._call = call
        self._plan = plan
        self._attempts = 0
        self._failures: list[tuple[str, TurnoutError]] = []

    async def run(self) -> Reply:
        for step in self._plan.steps:
            try:
                return await self._try(step)
            except Unsupported as error:
                self._failures.append((step.deployment.id, error))
            except UpstreamError as error:
                self._failures.append((step.deployment.id, error))
                if not error.elsewhere:
                    break
        raise self._verdict()

    async def _try(self, step: Step) -> Reply:
        """A deployment, as often as its retries allow."""
        failed = 0
        while True:
            self._attempts += 1
            try:
                return await self._engine.begin(self._call, step, self._attempts, self._plan)
            except UpstreamError as error:
                failed += 1
                pause = pause_before_retry(failed, step.deployment.retries, error)
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    def _verdict(self) -> TurnoutError:
        """The one failure if there was only one, else one error that names all of them."""
        error = self._failures[-1][1]
        blames_request = isinstance(error, UpstreamError) and not error.elsewhere
        if len(self._failures) == 1 or blames_request:
            return error
        if all(isinstance(failure, Unsupported) for _, failure in self._failures):
            return error
        return AllDeploymentsFailed(self._plan.model, self._failures)
