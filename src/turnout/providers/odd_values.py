"""Repairs a reply whose type is wrong where nothing is said: that doesn't cost the answer.

Servers that speak another vendor's wire send numbers as ids, texts as times or counts, null as an index, log
probabilities that are no number. Streams cut a character outside of Unicode's first plane into its two UTF-16 halves.
The types of everything else stay strict: a repair there would make another answer. All other bytes stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw

MOST_REPAIRS: Final = 32
"""Of one reply, each of which reads it again."""

_SAYS_NOTHING: Final = frozenset(
    {
        "id",
        "created",
        "created_at",
        "createTime",
        "model",
        "modelVersion",
        "responseId",
        "object",
        "role",
        "index",
        "logprobs",
        "avgLogprobs",
        "logprobsResult",
        "finish_reason",
        "finishReason",
        "stop_reason",
        "done_reason",
        "finishMessage",
        "stop_sequence",
        "stop_details",
        "incomplete_details",
        "usage",
        "usageMetadata",
        "prompt_tokens_details",
        "completion_tokens_details",
        "input_tokens_details",
        "output_tokens_details",
        "iterations",
        "promptTokensDetails",
        "candidatesTokensDetails",
        "prompt_eval_count",
        "eval_count",
        "system_fingerprint",
        "service_tier",
        "serviceTier",
        "trafficType",
        "inference_geo",
        "speed",
        "cache_creation",
        "server_tool_use",
        "cacheTokensDetails",
        "toolUsePromptTokensDetails",
    }
)
"""The answer's text, calls and thoughts are the same without these fields, and without anything that is inside them."""

_IDS: Final = frozenset({"id", "responseId"})
_TEXTS_OF_JSON: Final = frozenset({"partial_json"})
"""Texts that hold JSON. Where the JSON itself stands there, its text is meant."""

_NULL: Final = ", got `null` - at"
_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`\Z")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_WHOLE_NUMBER: Final = re.compile(rb'"?(?P<digits>-?\d{1,18})(?:\.0+)?"?')
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])
_ITEMS: Final = msgspec.json.Decoder(list[Raw])
_BOM: Final = b"\xef\xbb\xbf"
_NO_JSON: Final = re.compile(
    rb'(?P<text>"(?:[^"\\]|\\.)*+")'  # what is inside a text stays
    rb"|-?\b(?:NaN|Infinity)\b",
    re.DOTALL,
)
_SURROGATES: Final = re.compile(
    rb"(?P<backslashes>(?<!\\)(?:\\\\)*)"  # an even number: they escape each other
    rb"(?:(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u(?P<half>[dD][89a-fA-F][0-9a-fA-F]{2}))"
)

Mark = Callable[[int], str]
"""Gives what stands for a half of a surrogate pair, a code unit from 0xD800 to 0xDFFF."""


def repaired(data: bytes, error: msgspec.ValidationError) -> bytes | None:
    """The JSON in ``data`` without what msgspec's ``error`` is about. None when the answer needs it."""
    place = _PLACE.search(str(error))
    steps = [name or int(number) for name, number in _STEP.findall(place["path"])] if place else []
    if not steps or not isinstance(steps[-1], str):
        return _without_a_field_around(data, steps)
    value = _value_at(data, steps)
    if value is None:
        return None
    new = _meant(str(steps[-1]), value, str(error))
    if new is not None:
        return _changed(data, steps, new)
    if _NULL in str(error):  # null says as little as a field that isn't there
        return _changed(data, steps, None)
    return _without_a_field_around(data, steps)


def _without_a_field_around(data: bytes, steps: list[str | int]) -> bytes | None:
    """Without the innermost field that says nothing."""
    depth = next((at for at in reversed(range(len(steps))) if steps[at] in _SAYS_NOTHING), None)
    if depth is None or _value_at(data, steps[: depth + 1]) is None:
        return None
    return _changed(data, steps[: depth + 1], None)


def _meant(name: str, value: bytes, problem: str) -> bytes | None:
    """The value of the type that was expected, where it says the same. None if there is none."""
    if name in _IDS and re.fullmatch(rb"-?[\d.eE+-]+", value):
        return b'"%b"' % value  # it comes back in the next request
    if name in _TEXTS_OF_JSON and value[:1] in (b"{", b"["):
        return msgspec.json.encode(value.decode())
    if "Expected `int" in problem and (number := _WHOLE_NUMBER.fullmatch(value)):
        return b"%d" % int(number["digits"])
    return None


def _value_at(data: bytes, steps: list[str | int]) -> bytes | None:
    """None when it isn't there: its key stands there twice, and the other one's value was odd."""
    try:
        for step in steps:
            data = bytes(_OBJECT.decode(data)[step] if isinstance(step, str) else _ITEMS.decode(data)[step])
    except (LookupError, msgspec.ValidationError):
        return None
    return data


def _changed(data: bytes, steps: list[str | int], value: bytes | None) -> bytes:
    """``data`` with ``value`` at its place, or without the field that is there."""
    step, *rest = steps
    if isinstance(step, int):
        items = _ITEMS.decode(data)
        items[step] = Raw(_changed(bytes(items[step]), rest, value))
        return msgspec.json.encode(items)
    fields = _OBJECT.decode(data)
    if rest:
        fields[step] = Raw(_changed(bytes(fields[step]), rest, value))
    elif value is None:
        del fields[step]
    else:
        fields[step] = Raw(value)
    return msgspec.json.encode(fields)


def as_json(data: bytes, mark: Mark) -> bytes:
    """``data`` without a byte order mark, with null for numbers that JSON hasn't, and without halves of characters.

    Python's encoder writes ``NaN`` (https://docs.python.org/3/library/json.html#infinite-and-nan-number-values).
    """
    data = _SURROGATES.sub(
        lambda match: match[0] if match["pair"] else match["backslashes"] + mark(int(match["half"], 16)).encode(),
        data.removeprefix(_BOM),
    )
    if b"NaN" in data or b"Infinity" in data:
        data = _NO_JSON.sub(lambda match: match["text"] or b"null", data)
    return data
