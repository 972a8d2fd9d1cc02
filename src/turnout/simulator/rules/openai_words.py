"""How OpenAI says what is wrong with a value. The forms are the same for all fields, in chat and in responses."""

from __future__ import annotations

from typing import Any

from .asked import Refusal


def unknown(param: str) -> Refusal:
    """https://github.com/teabranch/open-responses-server/issues/41"""
    return Refusal(f"Unknown parameter: '{param}'.", param, "unknown_parameter")


def unsupported(param: str) -> Refusal:
    """https://github.com/huggingface/smolagents/issues/1671"""
    message = f"Unsupported parameter: '{param}' is not supported with this model."
    return Refusal(message, param, "unsupported_parameter")


def only_default(param: str, value: Any) -> Refusal:
    """https://github.com/johny-b/llmcomp/issues/69"""
    message = f"Unsupported value: '{param}' does not support {value} with this model."
    return Refusal(f"{message} Only the default (1) value is supported.", param, "unsupported_value")


def too_long(param: str, most: int, length: int) -> Refusal:
    """https://github.com/vercel/ai/issues/5171"""
    expected = f"Expected a string with maximum length {most}, but got a string with length {length} instead."
    return Refusal(f"Invalid '{param}': string too long. {expected}", param, "string_above_max_length")


def too_many(param: str, most: int, length: int) -> Refusal:
    """https://github.com/continuedev/continue/issues/2461"""
    expected = f"Expected an array with maximum length {most}, but got an array with length {length} instead."
    return Refusal(f"Invalid '{param}': array too long. {expected}", param, "array_above_max_length")


def empty_array(param: str) -> Refusal:
    """https://github.com/home-assistant/core/pull/118577"""
    expected = "Expected an array with minimum length 1, but got an empty array instead."
    return Refusal(f"Invalid '{param}': empty array. {expected}", param, "empty_array")


def below(param: str, least: int, value: Any) -> Refusal:
    """https://github.com/OpenBMB/ChatDev/issues/446"""
    expected = f"Expected a value >= {least}, but got {value} instead."
    return Refusal(f"Invalid '{param}': integer below minimum value. {expected}", param, "integer_below_min_value")


def no_match(param: str, pattern: str) -> Refusal:
    """https://github.com/brekkylab/ailoy/pull/109"""
    expected = f"Expected a string that matches the pattern '{pattern}'."
    return Refusal(f"Invalid '{param}': string does not match pattern. {expected}", param, "invalid_value")


def wrong_value(param: str, value: Any, supported: tuple[str, ...]) -> Refusal:
    """https://github.com/aallam/openai-kotlin/issues/320"""
    *others, last = (f"'{item}'" for item in supported)
    listed = f"{', '.join(others)}{',' if len(others) > 1 else ''} and {last}" if others else last
    return Refusal(f"Invalid value: '{value}'. Supported values are: {listed}.", param, "invalid_value")


def needs_tools(param: str) -> Refusal:
    """https://github.com/dapr/dapr-agents/issues/248"""
    return Refusal(f"Invalid value for '{param}': '{param}' is only allowed when 'tools' are specified.", param)
