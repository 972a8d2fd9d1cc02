"""Makes a ``ChatRequest`` from a program's arguments, which are in OpenAI's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from turnout.core import ChatRequest, whole
from turnout.dialects import endpoint_at
from turnout.errors import InvalidRequest

CHAT = "/v1/chat/completions"
Messages = Sequence[Mapping[str, Any]]


_NO_MODEL = "default"  # the endpoint needs a name


def chat_request(
    model: str | None, messages: Messages, options: Mapping[str, Any], *, stream: bool
) -> tuple[ChatRequest, int]:
    """The request, and its size in bytes. Its ``model`` is empty when ``model`` is None.

    It is parsed like a body of ``POST /v1/chat/completions``, so that checks and errors are the same. It has no
    ``raw``, so nothing is relayed, and the answer comes as core events from every provider.
    Raises ``InvalidRequest`` naming the field.
    """
    if "stream" in options:
        raise InvalidRequest("Leave 'stream' out: stream() streams, chat() does not.", param="stream")
    body = _encoded({"model": _NO_MODEL if model is None else model, "messages": messages, **options, "stream": stream})
    request: ChatRequest = endpoint_at(CHAT).parse(body)
    return structs.replace(whole(request), model=model or "", raw=None, service=True), len(body)


def _encoded(fields: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(fields)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"The request can't be written as JSON: {error}.") from error
