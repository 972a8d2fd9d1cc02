"""Live figures of all deployments. The engine tells it what happens, and policies look at it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from turnout.core import Deployment, Secret

from .ending import Ending, Fault
from .figures import Figures
from .health import Breaker, HealthRules, State

MOST_DEPLOYMENTS: Final = 4096
"""Figures are kept of so many. Beyond it, those that were unused for longest are forgotten."""

_LATELY: Final = 3600.0  # seconds

Mark = Literal["open", "closed", "draining"]
"""What an admin has said of a deployment by hand. ``open`` and ``draining`` get no requests; ``closed`` gets them,
whatever fails.
"""

_Place = tuple[str, str, Secret | None]


class Board:
    """``now`` gives seconds of a clock that only moves forward. ``random`` is for policies that draw lots.

    ``marks`` are an admin's, by the deployment's id; whoever keeps them replaces the mapping whole. ``breakers`` has
    those of deployments that have failed, by id; ``has_quotas`` is set by the first reply that tells limits.

    Figures belong to a deployment with its address and key: when a reload has changed one of them, they begin anew.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        lots: random.Random | None = None,
        rules: HealthRules | None = None,
    ) -> None:
        self.now = now
        self.random = random.Random() if lots is None else lots  # noqa: S311  # it spreads load, and hides no secret
        self.rules = HealthRules() if rules is None else rules
        self.marks: Mapping[str, Mark] = {}
        self.breakers: dict[str, Breaker] = {}
        self.has_quotas = False
        self._figures: dict[_Place, Figures] = {}
        self._at_hand: dict[str, tuple[Deployment, Figures]] = {}

    def of(self, deployment: Deployment) -> Figures:
        """A request asks for the same object several times, so those are found without a look at the key."""
        found = self._at_hand.get(deployment.id)
        if found is not None and found[0] is deployment:
            return found[1]
        place = (deployment.id, deployment.base_url, deployment.api_key)
        figures = self._figures.get(place) or self._new(place)
        self._at_hand[deployment.id] = deployment, figures
        return figures

    def known(self, deployment: Deployment) -> Figures | None:
        """The same for who only looks. None for a deployment that nobody has asked."""
        return self._figures.get((deployment.id, deployment.base_url, deployment.api_key))

    def began(self, deployment: Deployment) -> int:
        """An attempt has begun. ``ended`` has to follow, exactly once, with the ticket that this returns."""
        figures, now = self.of(deployment), self.now()
        figures.begin(now)
        breaker = figures.breaker
        return 0 if breaker is None else breaker.began(now)

    def ended(self, deployment: Deployment, ending: Ending) -> None:
        figures, now = self.of(deployment), self.now()
        figures.end(ending, deployment.timeouts.first_token, now)
        if ending.quota is not None:
            self.has_quotas = True
        breaker = figures.breaker
        if breaker is None:
            if ending.fault is None or ending.fault == "request":
                return
            breaker = self._new_breaker(deployment, now)
        breaker.ended(ending, now)

    def checked(self, deployment: Deployment, fault: Fault | None) -> None:
        """A check has asked whether ``deployment`` is there; ``fault`` is None if it is."""
        breaker, now = self.of(deployment).breaker, self.now()
        if breaker is None and fault is not None:
            breaker = self._new_breaker(deployment, now)
        if breaker is not None:
            breaker.checked(fault, now)

    def waiting(self, deployment: Deployment, number: int) -> None:
        """So many requests wait for their turn at ``deployment`` now."""
        self.of(deployment).queued = number

    def troubled(self) -> Mapping[str, State]:
        """The state of each deployment that isn't closed, by id. One that nobody has asked for an hour may be gone."""
        now = self.now()
        lately = {id_: breaker for id_, breaker in self.breakers.items() if now - breaker.used < _LATELY}
        return {id_: state for id_, breaker in lately.items() if (state := breaker.state_at(now)) != "closed"}

    def under_way(self, ids: Collection[str]) -> Mapping[str, int]:
        """Attempts in flight and requests that wait for their turn, at each of these deployments."""
        loads = dict.fromkeys(ids, 0)
        for (id_, _, _), figures in self._figures.items():
            if id_ in loads:
                loads[id_] += figures.load
        return loads

    def _new_breaker(self, deployment: Deployment, now: float) -> Breaker:
        breaker = self.of(deployment).breaker = self.breakers[deployment.id] = Breaker(self.rules, self.random, now)
        return breaker

    def _new(self, place: _Place) -> Figures:
        if len(self._figures) >= MOST_DEPLOYMENTS:
            self._forget_unused()
        self.breakers.pop(place[0], None)  # of its former key
        figures = self._figures[place] = Figures()
        figures.used = self.now()
        return figures

    def _forget_unused(self) -> None:
        """Forgets half of those that nobody waits for. The others are few: attempts are bounded by connections."""
        idle = [(figures.used, place) for place, figures in self._figures.items() if not figures.in_flight]
        idle.sort(key=lambda found: found[0])
        for _, place in idle[: MOST_DEPLOYMENTS // 2]:
            del self._figures[place]
            self._at_hand.pop(place[0], None)
            self.breakers.pop(place[0], None)
