"""The client's own request → a request body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Change, Continuation, Deployment, Parameters
from turnout.errors import Unsupported
from turnout.providers.openai.parameters import set_parameters
from turnout.providers.seals import is_sealed, may_hold_seals, sealed_text

from .reasoning import adapt_reasoning

_encode = msgspec.json.encode


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: str | None = None


_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[Raw])
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def relayed_body(
    parameters: Parameters, deployment: Deployment, *, stateful: bool, with_parameters: bool = True
) -> tuple[bytes, tuple[Change, ...]]:
    """The client's own fields, byte for byte, except for the model's name and what the model doesn't take as it is.

    ``stateful``: the vendor keeps its answers, and can continue from them. ``with_parameters``: it takes sampling and
    limits here.
    """
    request = parameters.request
    raw = request.raw
    body: dict[str, Any] = dict(raw.fields) if raw else {}
    body["model"] = deployment.model
    if request.extensions and "background" in request.extensions.get("openai-responses", {}) and not request.stream:
        raise Unsupported("Work in the background can't be asked for its answer here; stream it.", param="background")
    continuation = raw.continues if raw else None
    if continuation is not None and not (stateful and continuation.deployment == deployment.id):
        body.pop("previous_response_id", None)
        body["input"] = [*_replayed(continuation), *_items(body.get("input"))]
    elif may_hold_seals(body.get("input", Raw())):
        body["input"] = _items(body["input"])
    if not with_parameters:
        return _encode(body), ()
    set_parameters(body, parameters, "max_output_tokens")
    changes = adapt_reasoning(body, request, deployment.traits)
    return _encode(body), (*parameters.changes, *changes)


def _items(value: Raw | None) -> Sequence[Any]:
    """The client's items, without the reasoning of other providers."""
    if value is None or bytes(value) == b"null":
        return []
    if bytes(value)[:1] == b'"':
        return [{"role": "user", "content": value}]
    return [own for item in _ITEMS.decode(value) if (own := _own(item)) is not None]


def _own(item: Raw) -> Raw | dict[str, str] | None:
    """What OpenAI is given for an item: nothing for the reasoning of other providers, and a summary in plain words."""
    fields = _ITEM.decode(item) if may_hold_seals(item) else None
    if fields is None or not is_sealed(fields.encrypted_content):
        return item
    if fields.type == "reasoning":
        return None
    summary = sealed_text(fields.encrypted_content or "")
    return item if summary is None else {"role": "user", "content": summary}


def _replayed(continuation: Continuation) -> Iterator[dict[str, Any]]:
    """Items without the ids that only their provider knows. Reasoning is kept only with its encrypted content."""
    for item in continuation.items:
        own = _own(item)
        if isinstance(own, dict):
            yield own
            continue
        fields = _ITEM.decode(item)
        if own is None or (fields.type == "reasoning" and not fields.encrypted_content):
            continue
        yield {name: value for name, value in _FIELDS.decode(item).items() if name not in ("id", "status")}
