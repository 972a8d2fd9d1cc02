"""What a plan is made of."""

from __future__ import annotations

import msgspec

from turnout.core import Deployment


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A deployment that will be tried, and why at this place. ``scores`` are what its place was computed from, by name.

    A policy that compares nothing has none.
    """

    deployment: Deployment
    reason: str
    scores: dict[str, float] = {}

    def because(self, reason: str) -> Candidate:
        """The same one at another place, for one more reason."""
        return Candidate(self.deployment, f"{self.reason}; {reason}", self.scores)


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """A deployment that won't be tried, and why not."""

    deployment: Deployment
    reason: str


class Plan(msgspec.Struct, frozen=True):
    """The deployments for one request, in order; nothing is left out without a reason."""

    model: str
    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...] = ()
