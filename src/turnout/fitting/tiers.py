"""How urgent a request is: each vendor has words of its own for the same tiers of its service."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
from msgspec import Raw, structs

from turnout.core import ChatRequest

from .fitting import Fitting


class _Words(NamedTuple):
    """A vendor's field, and its word for each tier. Words for anything else (``scale``) are hints."""

    field: str
    tiers: dict[str, str]


_WORDS: Final = {
    # https://platform.claude.com/docs/en/api/service-tiers: "auto" takes priority capacity where there is some
    "anthropic": _Words("service_tier", {"standard": "standard_only"}),
    # https://ai.google.dev/gemini-api/docs/optimization#inference-service-tiers
    "gemini": _Words("serviceTier", {"standard": "standard", "flex": "flex", "priority": "priority"}),
    # https://platform.openai.com/docs/api-reference/chat/create (``service_tier``)
    "openai": _Words("service_tier", {"standard": "default", "flex": "flex", "priority": "priority"}),
}
_STRING = msgspec.json.Decoder(str)


def tiers_by_meaning(request: ChatRequest, fitting: Fitting) -> ChatRequest:
    """Says another vendor's tier in the provider's word. A tier that it doesn't have stays a hint."""
    target = _WORDS.get(fitting.support.namespace)
    if target is None or not fitting.support.service_tiers or not request.extensions:
        return request
    for namespace, fields in request.extensions.items():
        source = _WORDS.get(namespace)
        if source is None or source.field not in fields or namespace == fitting.support.namespace:
            continue
        word = target.tiers.get(_tier(source, fields[source.field]))
        if word is None:
            continue
        others = {name: value for name, value in fields.items() if name != source.field}
        own = {target.field: Raw(msgspec.json.encode(word))} | request.extensions.get(fitting.support.namespace, {})
        fitting.said_otherwise(source.field, f"{target.field}: {word}")
        return structs.replace(
            request, extensions=request.extensions | {namespace: others, fitting.support.namespace: own}
        )
    return request


def _tier(source: _Words, value: Raw) -> str:
    """Empty for none of the tiers."""
    try:
        word = _STRING.decode(value)
    except msgspec.ValidationError:
        return ""
    return next((tier for tier, name in source.tiers.items() if name == word), "")
