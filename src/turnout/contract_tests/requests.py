"""Small requests, and what a provider makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import msgspec

from turnout.core import ChatRequest, Deployment, Message, Parameter, Part, Secret, Text, Traits
from turnout.fitting import fit
from turnout.providers import LocalProvider, Provider, WireProvider, in_process

MODEL, KEY, KEY_SOURCE = "some-model", "sk-secret", "SOME_KEY"


def deployment(provider: Provider, *refused: Parameter) -> Deployment:
    return Deployment(
        id="d",
        provider=provider.name,
        model=MODEL,
        base_url=provider.profile.base_url or "https://x.test",
        api_key=Secret(KEY),
        key_source=KEY_SOURCE,
        traits=Traits(refuses=frozenset(refused)),
    )


def chat_request(**fields: Any) -> ChatRequest:
    """A chat with the text "hi"."""
    defaults: dict[str, Any] = {"model": "fast", "messages": (Message("user", (Text("hi"),)),), "max_output": 4096}
    return ChatRequest(**defaults | fields)


def chat_with_parts(*parts: Part) -> ChatRequest:
    return chat_request(messages=(Message("user", (Text("hi"), *parts)),))


def body_or_events(provider: Provider, request: ChatRequest, *refused: Parameter) -> Any:
    """The decoded body that is sent for the fitted request, or the events of a provider in this process, before the
    first one is read.
    """
    place = deployment(provider, *refused)
    fitted = cast(ChatRequest, fit(request, provider.name, provider.support, place).request)
    if in_process(provider):
        return cast(LocalProvider, provider).run(fitted, place)
    return msgspec.json.decode(cast(WireProvider, provider).build(fitted, place).body)


def leaf_values(value: Any) -> Iterator[Any]:
    """Every value in a decoded JSON document that isn't an object or an array."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaf_values(inner)
    else:
        yield value
