"""The ``response`` object, and the items of its output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import ChatRequest, Finish, Start, Usage
from turnout.dialects import ReplyContext
from turnout.errors import TurnoutError

_encode = msgspec.json.encode
_RESPONSE = "resp_"
_REQUEST = "req_"
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter", "refusal": "content_filter"}
_ECHOED: dict[str, Raw] = {
    "instructions": Raw(b"null"),
    "max_output_tokens": Raw(b"null"),
    "metadata": Raw(b"{}"),
    "parallel_tool_calls": Raw(b"true"),
    "previous_response_id": Raw(b"null"),
    "prompt_cache_key": Raw(b"null"),
    "reasoning": Raw(b'{"effort":null,"summary":null}'),
    "safety_identifier": Raw(b"null"),
    "store": Raw(b"true"),
    "temperature": Raw(b"null"),
    "text": Raw(b'{"format":{"type":"text"}}'),
    "tool_choice": Raw(b'"auto"'),
    "tools": Raw(b"[]"),
    "top_logprobs": Raw(b"0"),
    "top_p": Raw(b"null"),
    "truncation": Raw(b'"disabled"'),
    "user": Raw(b"null"),
}
"""Fields of the request that its response says again, and what they are when the client doesn't say them."""


class Response:
    """Everything of a response but its output: the same in all events that hold it."""

    def __init__(self, request: ChatRequest, context: ReplyContext, start: Start) -> None:
        given = request.raw.fields if request.raw else {}
        self.number = context.request_id.removeprefix(_REQUEST)
        self._fields: dict[str, Any] = {
            "id": _RESPONSE + self.number,
            "object": "response",
            "created_at": start.created or context.created,
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "model": start.model or context.model,
            "output": [],
            "usage": None,
            **{name: given[name] if _says(given, name) else default for name, default in _ECHOED.items()},
        }

    def item_id(self, kind: str, number: int) -> str:
        """Tells the response that it belongs to, so that a reference to an item finds it (``references.py``)."""
        return f"{kind}_{self.number}_{number}"

    def begun(self) -> bytes:
        return _encode(self._fields)

    def ended(self, output: Sequence[Raw], finish: Finish | None, usage: Usage | None) -> bytes:
        """Without a finish it is incomplete, for a reason that nobody knows."""
        reason = _INCOMPLETE.get(finish.reason) if finish else None
        told: dict[str, Any] = {"status": status_of(finish), "output": output, "usage": usage_fields(usage)}
        if told["status"] == "incomplete":
            told["incomplete_details"] = {"reason": reason}
        return _encode(self._fields | told)

    def failed(self, output: Sequence[Raw], usage: Usage | None, error: TurnoutError) -> bytes:
        code = "rate_limit_exceeded" if error.status == 429 else "server_error"  # the words that there are for it
        told = {"status": "failed", "output": output, "usage": usage_fields(usage)}
        return _encode(self._fields | told | {"error": {"code": code, "message": error.message}})


def _says(given: dict[str, Raw], name: str) -> bool:
    return name in given and bytes(given[name]) != b"null"


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
