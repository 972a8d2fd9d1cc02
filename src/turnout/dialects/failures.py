"""The failed deployments of an error, as most dialects list them."""

from __future__ import annotations

from typing import Any

from turnout.errors import AllDeploymentsFailed, TurnoutError


def failures_member(error: TurnoutError) -> dict[str, list[dict[str, Any]]]:
    """``{"failures": […]}`` when all deployments failed, else nothing."""
    if not isinstance(error, AllDeploymentsFailed):
        return {}
    return {
        "failures": [
            {"deployment": deployment, "status": failure.status, "code": failure.code, "message": failure.message}
            for deployment, failure in error.failures
        ]
    }
