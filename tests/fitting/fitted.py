"""Short ways to fit a request to a provider that knows little."""

from __future__ import annotations

from typing import Any

from turnout.core import ChatRequest, Deployment, Message, Part, Request, Sampling, Support, Text, Traits
from turnout.fitting import Fitted, fit

NOTHING = Support(
    namespace="here",
    knobs=frozenset({"temperature"}),
    image_urls=False,
    image_data=False,
    tools=False,
    json=False,
    json_schema=False,
    reasoning=False,
    stop=False,
)
EVERYTHING = Support(
    namespace="here", knobs=frozenset(Sampling.__struct_fields__), audio=True, files=True, choices=True
)


def saying(*parts: Part) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("system", (Text("s"),)), Message("user", parts)))


def asking(**fields: Any) -> ChatRequest:
    return ChatRequest(**{"model": "m", "messages": (Message("user", (Text("hi"),)),)} | fields)


def fitted(request: Request, support: Support, traits: Traits | None = None) -> Fitted:
    return fit(request, "p", support, Deployment(id="d", provider="p", model="m-1", traits=traits or Traits()))


def fitted_chat(request: ChatRequest, support: Support, traits: Traits | None = None) -> ChatRequest:
    result = fitted(request, support, traits).request
    assert isinstance(result, ChatRequest)
    return result


def named(request: Request, support: Support, traits: Traits | None = None) -> list[str]:
    """The fields that the client is told about."""
    return [change.field for change in fitted(request, support, traits).changes if not change.kept]
