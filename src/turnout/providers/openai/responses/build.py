"""A client's own request → a request body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Continuation, Deployment, parameters_of
from turnout.errors import Unsupported
from turnout.providers.openai.parameters import set_parameters

_encode = msgspec.json.encode
_OURS = b'"turnout-1.'
"""How the reasoning begins that Turnout has sealed for another provider."""


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: str | None = None


_ITEM = msgspec.json.Decoder(_Item)
_ITEMS = msgspec.json.Decoder(list[Raw])
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def relayed_body(request: ChatRequest, deployment: Deployment, *, stateful: bool) -> bytes:
    """The client's own fields, byte for byte, but for the model's name and the parameters.

    ``stateful``: the vendor keeps what it has answered, and can go on from there.
    """
    raw = request.raw
    body: dict[str, Any] = dict(raw.fields) if raw else {}
    body["model"] = deployment.model
    if request.extensions and "background" in request.extensions.get("openai-responses", {}) and not request.stream:
        raise Unsupported("Work in the background can't be asked for its answer here; stream it.", param="background")
    earlier = raw.continues if raw else None
    if earlier is not None and not (stateful and earlier.deployment == deployment.id):
        body.pop("previous_response_id", None)
        body["input"] = [*_replayed(earlier), *_items(body.get("input"))]
    elif _OURS in bytes(body.get("input", b"")):
        body["input"] = _items(body["input"])
    set_parameters(body, parameters_of(request, deployment), "max_output_tokens")
    return _encode(body)


def _items(given: Raw | None) -> Sequence[Any]:
    """The client's items, without the reasoning that is another provider's."""
    if given is None or bytes(given) == b"null":
        return []
    if bytes(given)[:1] == b'"':
        return [{"role": "user", "content": given}]
    return [item for item in _ITEMS.decode(given) if _OURS not in bytes(item) or not _is_ours(item)]


def _is_ours(item: Raw) -> bool:
    told = _ITEM.decode(item)
    return told.type == "reasoning" and (told.encrypted_content or "").startswith("turnout-1.")


def _replayed(earlier: Continuation) -> Iterator[dict[str, Raw]]:
    """Items without the ids that only their own maker knows. Reasoning goes along where it is all there."""
    for item in earlier.items:
        told = _ITEM.decode(item)
        if told.type == "reasoning" and (not told.encrypted_content or told.encrypted_content.startswith("turnout-1.")):
            continue
        yield {name: value for name, value in _FIELDS.decode(item).items() if name not in ("id", "status")}
