"""Rules that OpenAI's chat and its responses have in common. ``name_path`` says where a function's name is:
``tools[0].function.name`` in chat, ``tools[0].name`` in responses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .asked import Asked, Refusal, object_of
from .models import OPENAI, OpenAI, facts_of
from .openai_words import empty_array, needs_tools, no_match, too_long, too_many
from .strict_schema import fault_of

NAME_PATTERN = "^[a-zA-Z0-9_-]+$"
LONGEST_NAME = LONGEST_USER = LONGEST_KEY = 64
LONGEST_VALUE = 512
MOST_METADATA = 16
MOST_TOOLS = 128
SAMPLING = ("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "top_p")
"""https://learn.microsoft.com/azure/ai-services/openai/how-to/reasoning"""


def facts(asked: Asked) -> OpenAI | None:
    return facts_of(OPENAI, asked.model)


def reasons(asked: Asked, effort: Any) -> bool:
    """The model reasons in this request, so that it refuses sampling. ``effort`` is what the request says of it."""
    known = facts(asked)
    return known is not None and (known.reasons == "always" or (known.reasons == "optional" and effort != "none"))


def never_reasons(asked: Asked) -> bool:
    known = facts(asked)
    return known is not None and known.reasons == "never"


def user_is_short(asked: Asked) -> Refusal | None:
    return first_too_long([("user", asked.body.get("user"))], LONGEST_USER)


def metadata_is_small(asked: Asked) -> Refusal | None:
    metadata = object_of(asked.body.get("metadata"))
    if len(metadata) > MOST_METADATA:
        expected = f"Expected an object with at most {MOST_METADATA} properties, but got an object with {len(metadata)}"
        message = f"Invalid 'metadata': too many properties. {expected} properties instead."
        return Refusal(message, "metadata", "object_above_max_properties")
    return first_too_long(((f"metadata.{key}", value) for key, value in metadata.items()), LONGEST_VALUE)


def tools_are_few(asked: Asked) -> Refusal | None:
    tools = asked.body.get("tools")
    if not isinstance(tools, list):
        return None
    if len(tools) > MOST_TOOLS:
        return too_many("tools", MOST_TOOLS, len(tools))
    return None


def tools_before_their_choice(asked: Asked) -> Refusal | None:
    for field in ("tool_choice", "parallel_tool_calls"):
        if asked.body.get(field) is not None and not asked.body.get("tools"):
            return needs_tools(field)
    return None


def no_empty_tools(asked: Asked) -> Refusal | None:
    return empty_array("tools") if asked.body.get("tools") == [] else None


def bad_name(named: Iterable[tuple[str, Any]]) -> Refusal | None:
    """The first of (path, name) that isn't a function's name."""
    for path, name in named:
        if isinstance(name, str) and not re.fullmatch("[a-zA-Z0-9_-]+", name):
            return no_match(path, NAME_PATTERN)
        if isinstance(name, str) and len(name) > LONGEST_NAME:
            return too_long(path, LONGEST_NAME, len(name))
    return None


def first_too_long(values: Iterable[tuple[str, Any]], most: int) -> Refusal | None:
    """The first of (path, text) that is longer than ``most`` characters."""
    for path, text in values:
        if isinstance(text, str) and len(text) > most:
            return too_long(path, most, len(text))
    return None


def first_bad_function(functions: Iterator[tuple[str, dict[str, Any]]]) -> Refusal | None:
    """The first of (path of its parameters, function) whose schema OpenAI refuses."""
    for path, function in functions:
        schema, name = function.get("parameters"), function.get("name")
        if not isinstance(schema, dict) or not schema:
            continue
        kind = schema.get("type")
        fault = (
            f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'." if kind != "object" else ""
        )
        if not fault and function.get("strict") is True:
            fault = fault_of(schema)
        if fault:
            return Refusal(f"Invalid schema for function '{name}': {fault}", path, "invalid_function_parameters")
    return None
