"""The length of the answer."""

from __future__ import annotations

from msgspec import structs

from turnout.core import ChatRequest

from .fitting import Fitting


def within_the_models_limit(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """A client may ask for more tokens than the model can give, as agents with one limit for all models do."""
    most = fitting.deployment.traits.max_output
    if most is None or request.max_output is None or request.max_output <= most:
        return request
    fitting.replaced("max_tokens", str(most))
    return structs.replace(request, max_output=most)
