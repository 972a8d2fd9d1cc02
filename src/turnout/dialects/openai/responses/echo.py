"""The fields of a request that its response repeats, in the whole form that a response has.

A request may leave out what a response has to tell: null, or the default of the API
(https://github.com/openresponses/openresponses/tree/main/schema: ``responses.tsp``, ``tools.tsp``,
``configuration.tsp``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

_NULL, _FALSE, _ZERO, _ONE = Raw(b"null"), Raw(b"false"), Raw(b"0.0"), Raw(b"1.0")
_DEFAULTS: dict[str, Any] = {
    "frequency_penalty": _ZERO,
    "instructions": _NULL,
    "max_output_tokens": _NULL,
    "max_tool_calls": _NULL,
    "metadata": Raw(b"{}"),
    "parallel_tool_calls": Raw(b"true"),
    "presence_penalty": _ZERO,
    "previous_response_id": _NULL,
    "prompt_cache_key": _NULL,
    "reasoning": Raw(b'{"effort":null,"summary":null}'),
    "safety_identifier": _NULL,
    "store": Raw(b"true"),
    "temperature": _ONE,
    "text": Raw(b'{"format":{"type":"text"}}'),
    "tool_choice": Raw(b'"auto"'),
    "tools": Raw(b"[]"),
    "top_logprobs": Raw(b"0"),
    "top_p": _ONE,
    "truncation": Raw(b'"disabled"'),
    "user": _NULL,
}
_FUNCTION: dict[str, Any] = {"description": _NULL, "parameters": _NULL, "strict": _NULL}
_SCHEMA: dict[str, Any] = {"description": _NULL, "schema": _NULL, "strict": _FALSE}
_REASONING: dict[str, Any] = {"effort": _NULL, "summary": _NULL}
_TEXT: dict[str, Any] = {"format": {"type": "text"}}

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[dict[str, Raw]])


def echoed_fields(request_fields: Mapping[str, Raw]) -> dict[str, Any]:
    """``request_fields`` are those of a body that was parsed, so known fields have their types."""
    fields = {name: _set(request_fields.get(name), default) for name, default in _DEFAULTS.items()}
    if fields["tools"] is not _DEFAULTS["tools"]:
        fields["tools"] = [_whole(tool, b"function", _FUNCTION) for tool in _LIST.decode(fields["tools"])]
    if fields["reasoning"] is not _DEFAULTS["reasoning"]:
        fields["reasoning"] = _REASONING | _OBJECT.decode(fields["reasoning"])
    if fields["text"] is not _DEFAULTS["text"]:
        fields["text"] = _whole_text(_OBJECT.decode(fields["text"]))
    return fields


def _whole_text(text: dict[str, Raw]) -> dict[str, Any]:
    form = _set(text.get("format"), None)
    if form is None:
        return text | _TEXT
    return text | {"format": _whole(_OBJECT.decode(form), b"json_schema", _SCHEMA)}


def _whole(fields: dict[str, Raw], kind: bytes, defaults: dict[str, Any]) -> dict[str, Any]:
    """``fields`` with the ``defaults`` of an object of that ``kind``; another object as it is."""
    return defaults | fields if bytes(fields.get("type", _NULL)) == b'"%b"' % kind else fields


def _set(value: Raw | None, default: Any) -> Any:
    return default if value is None or bytes(value) == b"null" else value
