"""What of a client's wishes for the model's thinking this model takes."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.core import NO_CHANGES, Change, ChatRequest, Traits
from turnout.providers.openai.chat.effort import effort_instead
from turnout.providers.raw_fields import object_in

_ENCRYPTED: Final = b'"reasoning.encrypted_content"'
_LIST: Final = msgspec.json.Decoder(list[Raw])
_EMPTY: Final = (b"null", b"{}")


def adapt_reasoning(body: dict[str, Any], request: ChatRequest, traits: Traits) -> tuple[Change, ...]:
    """Changes ``body``, whose fields are JSON, and nothing where nothing has to change."""
    if traits.thinking == "never":
        return (*_leave_out_wishes(body, request), *_leave_out_encrypted(body))
    instead = None if request.reasoning is None else effort_instead(request.reasoning, traits)
    if instead is None:
        return NO_CHANGES
    effort, changes = instead
    others = {name: value for name, value in object_in(body, "reasoning").items() if name != "effort"}
    body["reasoning"] = others if effort is None else {"effort": effort} | others
    return changes


def _leave_out_wishes(body: dict[str, Any], request: ChatRequest) -> tuple[Change, ...]:
    said = bytes(body.pop("reasoning", Raw(b"null")))
    if said in _EMPTY or (request.reasoning is not None and not request.reasoning.enabled):
        return NO_CHANGES
    return (Change("reasoning" if request.reasoning is None else "reasoning_effort"),)


def _leave_out_encrypted(body: dict[str, Any]) -> tuple[Change, ...]:
    """Such a model refuses to be asked for thoughts, which agents always do: "Encrypted content is not supported with
    this model." (https://github.com/pydantic/pydantic-ai/issues/2865)
    """
    said = body.get("include", Raw())
    if _ENCRYPTED not in bytes(said) or bytes(said)[:1] != b"[":
        return NO_CHANGES
    body["include"] = [item for item in _LIST.decode(said) if bytes(item) != _ENCRYPTED]
    return (Change("include", "without the thoughts"),)
