"""Leaves out the blocks that Turnout has made for other providers: their thoughts, searches and citations.

Anthropic refuses thoughts that it hasn't signed itself
(https://platform.claude.com/docs/en/build-with-claude/extended-thinking#preserving-thinking-blocks).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.providers.seals import has_seal, may_hold_seals, without, without_sealed

from .anthropic_wire import Fields

_FIELDS = msgspec.json.Decoder(Fields)
_LIST = msgspec.json.Decoder(list[Raw])


def own_messages(messages: Raw) -> Raw:
    """A relayed request's ``messages`` without these blocks, and without messages that have no others."""
    return without_sealed(messages, _own)


def _own(message: Fields) -> Fields | None:
    content = message.get("content", Raw())
    if bytes(content)[:1] != b"[":
        return message
    blocks = [_own_citations(block) for block in without(content, _is_foreign)]
    return message | {"content": Raw(msgspec.json.encode(blocks))} if blocks else None


def _is_foreign(block: Fields) -> bool:
    """The ids of searches have the mark inside, as they begin like Anthropic's."""
    searched = any(may_hold_seals(block[name]) for name in ("id", "tool_use_id") if name in block)
    return searched or has_seal(block, "data", "signature")


def _own_citations(block: Raw) -> Raw:
    """A text without the pages that another provider's search has found for it."""
    if not may_hold_seals(block) or bytes(block)[:1] != b"{":
        return block
    fields = _FIELDS.decode(block)
    citations = fields.get("citations", Raw())
    if bytes(citations)[:1] != b"[":
        return block
    own = [each for each in _LIST.decode(citations) if not may_hold_seals(each)]
    return Raw(msgspec.json.encode(fields | {"citations": own}))
