"""The ``response`` object, and the items of its output."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Finish, Start, Usage
from turnout.dialects import ReplyContext
from turnout.dialects.failures import CODES, provider_object
from turnout.errors import TurnoutError

from .echo import echoed_fields
from .relayed_output import text_of

_encode = msgspec.json.encode
_RESPONSE = "resp_"
_RELAYED_ID = re.compile(r"resp_([0-9a-f]+)")
"""OpenAI's ids, and those of servers that make theirs like them."""

_REQUEST = "req_"
_INCOMPLETE = {
    "length": "max_output_tokens",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "other": "max_output_tokens",  # no normal end, and there is no third word
}


def number_of(context: ReplyContext) -> str:
    """What the ids of a response and of its items have in common."""
    return context.request_id.removeprefix(_REQUEST)


class Response:
    """The fields of a response without its output. They are the same in all events that hold the response.

    All fields that Open Responses requires are there
    (https://github.com/openresponses/openresponses/blob/main/schema/responses.tsp, ``ResponseResource``).
    """

    def __init__(self, request: ChatRequest, context: ReplyContext, start: Start) -> None:
        self.number = number_of(context)
        self._created = start.created or context.created
        self._fields: dict[str, Any] = {
            "id": _RESPONSE + self.number,
            "object": "response",
            "created_at": self._created,
            "completed_at": None,
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": start.model or context.model,
            "output": [],
            "usage": None,
            "service_tier": "default",  # other wires don't tell theirs
            **echoed_fields(request.raw.fields if request.raw else {}),
        }

    def resume(self, relayed: Mapping[str, Raw]) -> None:
        """The client has a response with these fields, which goes on here."""
        self._fields |= relayed
        own_id = _RELAYED_ID.fullmatch(text_of(relayed, "id"))
        self.number = own_id[1] if own_id else self.number

    def item_id(self, kind: str, number: int) -> str:
        """The id holds the number of the response, so that a reference to an item finds it (``references.py``)."""
        return f"{kind}_{self.number}_{number}"

    def in_progress(self) -> bytes:
        return _encode(self._fields)

    def complete(self, output: Sequence[Raw], finish: Finish | None, usage: Usage | None) -> bytes:
        """An answer without a finish is incomplete for an unknown reason."""
        reason = _INCOMPLETE.get(finish.reason) if finish else None
        fields: dict[str, Any] = {"status": status_of(finish), "output": output, "usage": usage_fields(usage)}
        if fields["status"] == "incomplete":
            fields["incomplete_details"] = {"reason": reason}
        else:
            fields["completed_at"] = max(int(time.time()), self._created)
        return _encode(self._fields | fields)

    def failed(self, output: Sequence[Raw], usage: Usage | None, error: TurnoutError) -> bytes:
        fields = {"status": "failed", "output": output, "usage": usage_fields(usage)}
        return _encode(self._fields | fields | {"error": failed_error(error)})


def failed_error(error: TurnoutError) -> dict[str, str]:
    """The ``error`` of a failed response: OpenAI's own if the provider said it so, else its code for what it means.

    Codex gives up, waits or asks again by this code (codex-rs/codex-api/src/sse/responses.rs in openai/codex).
    """
    told = provider_object(error, "openai") or {}
    code = told.get("code")
    if isinstance(code, str):
        return {"code": code, "message": told["message"]}
    return {"code": CODES.get(error.kind, "server_error"), "message": error.message}


class _Begun(msgspec.Struct):
    response: dict[str, Any]


_BEGUN = msgspec.json.Decoder(_Begun)


def failed_response(first_event: bytes, error: TurnoutError) -> bytes | None:
    """The relayed response that began with ``first_event``, as failed. None if that event has no response."""
    try:
        response = _BEGUN.decode(first_event).response
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return _encode(response | {"status": "failed", "error": failed_error(error)})


def status_of(finish: Finish | None) -> str:
    return "incomplete" if finish is None or finish.reason in _INCOMPLETE else "completed"


def usage_fields(usage: Usage | None) -> dict[str, Any] | None:
    if usage is None:
        return None
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }
