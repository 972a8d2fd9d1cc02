"""Requests on their way to a provider as the engine sends them: fitted, unless they are relayed, and then built."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from turnout.core import ChatRequest, Deployment, Request, WireRequest, whole
from turnout.fitting import fit
from turnout.providers import Provider, WireProvider


def fitted_chat(request: ChatRequest, provider: Provider, place: Deployment) -> ChatRequest:
    result = fit(request, provider.name, provider.support, place).request
    assert isinstance(result, ChatRequest)
    return result


def wire_request(provider: WireProvider, request: Request, place: Deployment) -> WireRequest:
    """What is sent, with all changes: those of the fitting, and the provider's own."""
    operation: Any = provider.operation(request)
    if request.raw is not None and request.raw.wire == operation.wire:
        built: WireRequest = operation.build(request, place)
        return built
    fitted = fit(whole(request), provider.name, provider.support, place)
    built = operation.build(fitted.request, place)
    return structs.replace(built, changes=(*fitted.changes, *built.changes))


def told(sent: WireRequest) -> list[str]:
    """The changes that the client is told about, as ``x-turnout-dropped`` and the request's record name them."""
    return [str(change) for change in sent.changes if not change.kept]
