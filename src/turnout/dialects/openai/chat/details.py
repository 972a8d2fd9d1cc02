"""The state that other providers need again with the next turn, in fields beside OpenAI's own.

- ``reasoning_details``: thoughts with their signatures, in the form of OpenRouter's clients
  (https://openrouter.ai/docs/guides/best-practices/reasoning-tokens): ``reasoning.text`` with ``text`` and
  ``signature``, ``reasoning.encrypted`` with ``data``.
- ``extra_content.google.thought_signature`` on a tool call, as Google's own endpoint on this wire has it
  (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Extensions, Part, RedactedThinking, Thinking

from . import chat_bodies as wire

_TEXT = "reasoning.text"
_ENCRYPTED = "reasoning.encrypted"
_GEMINI = "gemini"
_SIGNATURE = "thoughtSignature"


def details_of(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Empty when no provider needs the thoughts again."""
    thoughts = [part for part in parts if isinstance(part, Thinking | RedactedThinking)]
    if not any(isinstance(part, RedactedThinking) or part.signature for part in thoughts):
        return []
    return [detail_of(part, number) for number, part in enumerate(thoughts)]


def detail_of(part: Thinking | RedactedThinking, number: int) -> dict[str, Any]:
    if isinstance(part, RedactedThinking):
        return {"type": _ENCRYPTED, "data": part.data, "index": number}
    detail: dict[str, Any] = {"type": _TEXT, "text": part.text, "index": number}
    return detail if part.signature is None else detail | {"signature": part.signature}


def thoughts_in(details: Iterable[wire.ReasoningDetail]) -> Iterator[Part]:
    """Skips details of other types. They are summaries, which no provider needs again."""
    for detail in details:
        if detail.type == _TEXT:
            yield Thinking(detail.text or "", detail.signature)
        elif detail.type == _ENCRYPTED and detail.data is not None:
            yield RedactedThinking(detail.data)


def extra_of(extensions: Extensions) -> dict[str, Any]:
    """``{"extra_content": …}`` of a tool call, or nothing."""
    signature = ((extensions or {}).get(_GEMINI) or {}).get(_SIGNATURE)
    return {} if signature is None else {"extra_content": {"google": {"thought_signature": signature}}}


def extensions_in(call: wire.FunctionToolCall) -> Extensions:
    google = call.extra_content.google if call.extra_content else None
    if google is None or google.thought_signature is None:
        return None
    return {_GEMINI: {_SIGNATURE: Raw(msgspec.json.encode(google.thought_signature))}}
