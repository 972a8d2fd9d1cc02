"""As written in the configuration."""

from __future__ import annotations

from collections.abc import Sequence

from turnout.core import Model
from turnout.routing import Step


def order(model: Model) -> Sequence[Step]:
    if len(model.deployments) == 1:
        return [Step(model.deployments[0], "the only one")]
    return [Step(deployment, f"number {number} as written") for number, deployment in enumerate(model.deployments, 1)]


POLICIES = {"order": order}
