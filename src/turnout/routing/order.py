"""As written in the configuration."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Model
from turnout.routing import Candidate


def order(model: Model) -> Sequence[Candidate]:
    if len(model.deployments) == 1:
        return [Candidate(model.deployments[0], "the only one")]
    return [
        Candidate(deployment, f"number {number} as written") for number, deployment in enumerate(model.deployments, 1)
    ]


POLICIES = {"order": order}
