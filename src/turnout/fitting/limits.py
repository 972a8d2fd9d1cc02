"""The length of the answer."""

from __future__ import annotations

from msgspec import structs

from turnout.core import ChatRequest, lowered_limit

from .fitting import Fitting


def within_the_models_limit(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """For providers inside this process, too, which read the request themselves."""
    lowered = lowered_limit(request, fitting.deployment.traits)
    if lowered is None:
        return request
    fitting.replaced("max_tokens", str(lowered))
    return structs.replace(request, max_output=lowered)
