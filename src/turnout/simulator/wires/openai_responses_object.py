"""The response around the items. Like OpenAI, it repeats the fields of the request
(https://platform.openai.com/docs/api-reference/responses/object; the values as OpenAI sends them)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from turnout.simulator.answer import Answer
from turnout.simulator.question import Question

_FIELDS: Final = msgspec.json.Decoder(dict[str, Raw])
_NO_TOKENS: Final = {"image_tokens": 0, "text_tokens": 0}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "moderation": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""What a response says of a field that the request doesn't set."""


def repeated_fields(body: bytes) -> dict[str, Any]:
    """The fields of the request that its response repeats, with the defaults of those that it doesn't set."""
    said = {
        name: value for name, value in _FIELDS.decode(body).items() if name in _DEFAULTS and bytes(value) != b"null"
    }
    for name in ("reasoning", "text"):
        if name in said:
            said[name] = Raw(msgspec.json.encode(_DEFAULTS[name] | _FIELDS.decode(said[name])))
    if bytes(said.get("service_tier", b"")) == b'"auto"':
        del said["service_tier"]
    return {**_DEFAULTS, **said}


def response(question: Question, answer: Answer, items: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The whole response; with None for ``items``, the response while it is still in progress."""
    limited = answer.finish == "length"
    now = int(time.time())
    status = "in_progress" if items is None else "incomplete" if limited else "completed"
    return {
        "id": f"resp_{answer.id}",
        "object": "response",
        "created_at": now,
        "status": status,
        "billing": {"payer": "developer"},
        "completed_at": now if status == "completed" else None,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if items is not None and limited else None,
        "model": question.model,
        "output": items or [],
        "tool_usage": {
            "image_gen": {
                "input_tokens": 0,
                "input_tokens_details": _NO_TOKENS,
                "output_tokens": 0,
                "output_tokens_details": _NO_TOKENS,
                "total_tokens": 0,
            },
            "web_search": {"num_requests": 0},
        },
        "usage": None if items is None else usage_fields(answer),
        **question.details.repeated,
    }


def usage_fields(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.cache_write},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
