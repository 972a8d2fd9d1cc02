"""The client's own request → a request body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Change, Continuation, Deployment, Parameters
from turnout.errors import Unsupported
from turnout.providers.openai.parameters import set_parameters
from turnout.providers.seals import is_sealed, may_hold_seals

from .reasoning import adapt_reasoning

_encode = msgspec.json.encode


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: str | None = None


_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[Raw])
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def relayed_body(parameters: Parameters, deployment: Deployment, *, stateful: bool) -> tuple[bytes, tuple[Change, ...]]:
    """The client's own fields, byte for byte, except for the model's name and what the model doesn't take as it is.

    ``stateful``: the vendor keeps its answers, and can continue from them.
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
    set_parameters(body, parameters, "max_output_tokens")
    changes = adapt_reasoning(body, request, deployment.traits)
    return _encode(body), (*parameters.changes, *changes)


def _items(value: Raw | None) -> Sequence[Any]:
    """The client's items, without the reasoning of other providers."""
    if value is None or bytes(value) == b"null":
        return []
    if bytes(value)[:1] == b'"':
        return [{"role": "user", "content": value}]
    return [item for item in _ITEMS.decode(value) if not may_hold_seals(item) or not _is_sealed(item)]


def _is_sealed(item: Raw) -> bool:
    fields = _ITEM.decode(item)
    return fields.type == "reasoning" and is_sealed(fields.encrypted_content)


def _replayed(continuation: Continuation) -> Iterator[dict[str, Raw]]:
    """Items without the ids that only their provider knows. Reasoning is kept only with its encrypted content."""
    for item in continuation.items:
        fields = _ITEM.decode(item)
        encrypted = fields.encrypted_content
        if fields.type == "reasoning" and (not encrypted or is_sealed(encrypted)):
            continue
        yield {name: value for name, value in _FIELDS.decode(item).items() if name not in ("id", "status")}
