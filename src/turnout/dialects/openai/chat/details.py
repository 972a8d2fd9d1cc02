"""The state that other providers need again with the next turn, in fields beside OpenAI's own.

- ``reasoning_details``: thoughts with their signatures, in the form of OpenRouter's clients
  (https://openrouter.ai/docs/guides/best-practices/reasoning-tokens): ``reasoning.text`` with ``text`` and
  ``signature``, ``reasoning.encrypted`` with ``data``. A thought signature of Gemini is sealed in one of these
  (``turnout/dialects/sealed.py``).
- ``extra_content.google.thought_signature`` on a tool call, as Google's own endpoint on this wire has it
  (https://ai.google.dev/gemini-api/docs/thought-signatures).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from turnout.core import Extensions, Image, Part, RedactedThinking, Text, Thinking, ToolCall
from turnout.dialects.sealed import Attached, needed_again, seal, signature_of

from . import chat_bodies as wire

_TEXT = "reasoning.text"
_ENCRYPTED = "reasoning.encrypted"
_STATE = {"data", "signature"}
_READABLE = (None, "unknown", "anthropic-claude-v1")
"""Formats of what Anthropic has signed, or Turnout sealed. The others are
``openai-responses-v1``, ``xai-responses-v1``, ``google-gemini-v1``, … of OpenRouter's own replies.
"""
_GEMINI = "gemini"
_SIGNATURE = "thoughtSignature"


class Carried:
    """The details of one choice, one part after the other."""

    def __init__(self) -> None:
        self._number = 0
        self._characters = 0
        self.images = 0  # so far

    def thought(self, part: Thinking | RedactedThinking) -> dict[str, Any]:
        if isinstance(part, RedactedThinking):
            return self._numbered({"type": _ENCRYPTED, "data": part.data})
        signature = signature_of(part.signature, part.extensions)
        detail = {"type": _TEXT, "text": part.text}
        return self._numbered(detail if signature is None else detail | {"signature": signature})

    def text(self, length: int, extensions: Extensions) -> dict[str, Any] | None:
        """``length`` is that of the text in characters. None for one that no provider needs to sign."""
        self._characters += length
        return self._attached(Attached(needed_again(extensions), text=self._characters))

    def call(self, call_id: str, extensions: Extensions) -> dict[str, Any] | None:
        """The same that ``extra_of`` tells: some clients keep only the details."""
        return self._attached(Attached(needed_again(extensions), call=call_id))

    def image(self, extensions: Extensions) -> dict[str, Any] | None:
        self.images += 1
        return self._attached(Attached(needed_again(extensions), image=self.images - 1))

    def _attached(self, state: Attached) -> dict[str, Any] | None:
        return self._numbered({"type": _ENCRYPTED, "data": seal(state)}) if state.extensions else None

    def _numbered(self, detail: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        return detail | {"index": self._number - 1}


def details_of(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Empty when no provider needs anything again."""
    carried = Carried()
    details: list[dict[str, Any]] = []
    for part in parts:
        detail = None
        match part:
            case Thinking() | RedactedThinking():
                detail = carried.thought(part)
            case Text(text=text, extensions=extensions):
                detail = carried.text(len(text), extensions)
            case ToolCall(id=call_id, extensions=extensions):
                detail = carried.call(call_id, extensions)
            case Image(extensions=extensions):
                detail = carried.image(extensions)
        if detail is not None:
            details.append(detail)
    return details if any(_STATE & detail.keys() for detail in details) else []


def thoughts_in(details: Iterable[wire.ReasoningDetail]) -> Iterator[Part]:
    """Skips summaries, which no provider needs again, and what another vendor than Anthropic has signed or sealed
    itself: nobody else can read it.
    """
    for detail in details:
        is_foreign = detail.format not in _READABLE
        if detail.type == _TEXT:
            yield Thinking(detail.text or "", None if is_foreign else detail.signature)
        elif detail.type == _ENCRYPTED and detail.data is not None and not is_foreign:
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
