"""One request's way through its plan: which deployment is asked next, after which pause, and when nobody is left."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NamedTuple

from turnout.core import Deployment, Model
from turnout.errors import (
    AllDeploymentsFailed,
    KeptConnectionLost,
    TurnoutError,
    Unreadable,
    Unsupported,
    UpstreamError,
)
from turnout.routing import Plan

from .backoff import backoff_before_retry
from .call import Call
from .watchdog import OF_THE_REQUEST, TOTAL, Deadline

_LONGEST_WAIT: Final = 30.0
"""Seconds. A client that would have to wait so long for a ``Retry-After`` is told of it instead."""


class _Later(NamedTuple):
    """A deployment that asked to be left alone until ``at`` (``time.perf_counter()``)."""

    at: float
    deployment: Deployment


class PlanWalk:
    """``attempts`` counts those that were made. ``hedges``: a second attempt may run beside one that is late.

    Tell each failure by ``failed``, then ask for the ``next`` deployment.

    The same deployment comes again only after a failure that a retry can cure. One that asks for a longer pause comes
    again when all others have failed. One that stayed silent doesn't come again. After the first ``KeptConnectionLost``
    of a request the same one comes at once, and that doesn't count among its tries.
    """

    def __init__(self, planned: Plan, call: Call, model: Model) -> None:
        self.planned = planned
        self.attempts = 0
        self._call = call
        self.hedges = model.hedge and call.request.stream
        self._on_content_filter = model.on_content_filter
        self._candidates = [candidate.deployment for candidate in planned.candidates]
        self._tries: dict[str, int] = {}
        self._failures: dict[str, TurnoutError] = {}
        self._last: Deployment | None = None
        self._again: tuple[Deployment, float] | None = None
        self._later: list[_Later] = []
        self._over = False
        self._lost_kept_connection = False

    async def next(self) -> Deployment | None:
        """The deployment to ask now, after the pause that is due. None when nobody is left, or no time."""
        deployment, pause = self._choose()
        if pause is not None:
            await asyncio.sleep(pause)
        return deployment

    def _choose(self) -> tuple[Deployment | None, float | None]:
        again, self._again = self._again, None
        if again is not None:
            return again
        if not self._over and (not self._tries or self._remaining().seconds > 0):
            if self._candidates:
                return self._candidates.pop(0), None
            if self._later:
                first = min(self._later)
                self._later.remove(first)
                return first.deployment, max(first.at - time.perf_counter(), 0.0)
        return None, None

    def take(self) -> Deployment | None:
        """The next deployment of the plan, to be asked beside another one. None when there is no other."""
        return self._candidates.pop(0) if self._candidates and not self._over else None

    def patience(self, deployment: Deployment) -> float:
        """Seconds that the request may wait for its turn."""
        return min(deployment.timeouts.queue, self._remaining().seconds)

    def may_go_on(self, answering: Deployment) -> bool:
        """Whether anybody could be asked if ``answering`` broke off."""
        others = self._candidates or self._later
        return bool(others) or self._tries.get(answering.id, 0) + 1 < answering.retries.attempts

    def failed(self, deployment: Deployment, error: TurnoutError, *, midway: bool = False) -> None:
        """Keeps a copy of ``error``, and decides whether the same deployment is tried again.

        ``midway``: a part of its answer has gone out. Then the others come first.
        """
        self._last = deployment
        if isinstance(error, KeptConnectionLost) and not self._lost_kept_connection:
            self._lost_kept_connection = True
            self._candidates.insert(0, deployment)
            return
        tries = self._tries[deployment.id] = self._tries.get(deployment.id, 0) + 1
        self._failures.pop(deployment.id, None)  # so that the last failure is the last one in order
        self._failures[deployment.id] = error.afresh()
        self._over = self._is_the_requests_fault(error)
        if error.kind == "context":
            self._candidates = [each for each in self._candidates if _may_hold_more(each, deployment)]
        if isinstance(error, UpstreamError) and error.curable and not self._over:
            self._plan_retry(deployment, error.retry_after, tries, midway)

    def _plan_retry(self, deployment: Deployment, wait: float | None, tries: int, midway: bool) -> None:
        """``wait`` is the pause that the provider asked for, in seconds."""
        if tries >= deployment.retries.attempts:
            return
        pause = backoff_before_retry(tries, deployment.retries) if wait is None else wait
        left = self._remaining().seconds
        if wait is not None:  # the answer has to begin in time
            left = min(left, deployment.timeouts.first_token - self._elapsed(), _LONGEST_WAIT)
        if pause < left:
            if midway or pause > deployment.retries.backoff_max:
                self._later.append(_Later(time.perf_counter() + pause, deployment))
            else:
                self._again = deployment, pause

    def total(self, deployment: Deployment) -> Deadline:
        """How long the next attempt may take, at ``deployment``."""
        if not self._tries and self._call.timeout is None:
            return Deadline(deployment.timeouts.total, TOTAL)
        return self._remaining().or_sooner(Deadline(deployment.timeouts.total, TOTAL))

    def _remaining(self) -> Deadline:
        """What the request has left. All attempts together take no longer than the longest may take alone."""
        total = max(candidate.deployment.timeouts.total for candidate in self.planned.candidates)
        most, timeout = Deadline(total, TOTAL), self._call.timeout
        if timeout is not None:
            most = most.or_sooner(Deadline(timeout, OF_THE_REQUEST))
        return most.after(self._elapsed())

    def _elapsed(self) -> float:
        """Seconds since the request came."""
        return time.perf_counter() - self._call.received

    def error(self) -> TurnoutError:
        """The one failure if there was only one, else one error that names all of them."""
        failures = list(self._failures.items())
        error = failures[-1][1].afresh()
        alone = len(failures) == 1 or self._is_the_requests_fault(error)
        if not alone and not all(isinstance(failure, Unsupported | Unreadable) for _, failure in failures):
            error = AllDeploymentsFailed(self.planned.model, failures)
        if isinstance(error, UpstreamError) and self._last is not None:
            error.attempts, error.provider, error.deployment = self.attempts, self._last.provider, self._last.id
        return error

    def _is_the_requests_fault(self, error: TurnoutError) -> bool:
        """Whether no other deployment is asked: it would say the same, or the provider's decision is the answer."""
        if not isinstance(error, UpstreamError) or error.elsewhere:
            return False
        return error.kind != "content_filter" or self._on_content_filter == "pass"


def _may_hold_more(other: Deployment, failed: Deployment) -> bool:
    """Whether ``other`` may have a larger context than the deployment for which the request was too long."""
    theirs, its = other.traits.context, failed.traits.context
    if theirs is None or its is None:
        return (other.provider, other.model, other.base_url) != (failed.provider, failed.model, failed.base_url)
    return theirs > its
