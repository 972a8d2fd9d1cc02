"""Leaves out the blocks that Turnout has made for other providers.

Anthropic refuses thoughts that it hasn't signed itself
(https://platform.claude.com/docs/en/build-with-claude/extended-thinking#preserving-thinking-blocks).
"""

from __future__ import annotations

import msgspec
from msgspec import Raw

from turnout.providers.seals import has_seal, without, without_sealed

from .anthropic_wire import Fields


def own_messages(messages: Raw) -> Raw:
    """A relayed request's ``messages`` without these blocks, and without messages that have no others."""
    return without_sealed(messages, _own)


def _own(message: Fields) -> Fields | None:
    content = message.get("content", Raw())
    if bytes(content)[:1] != b"[":
        return message
    blocks = without(content, lambda block: has_seal(block, "data", "signature"))
    return message | {"content": Raw(msgspec.json.encode(blocks))} if blocks else None
