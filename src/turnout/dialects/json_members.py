"""JSON that is the same in many frames of a stream: it is encoded once, and templates take it as it is."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


def members(fields: Mapping[str, object]) -> bytes:
    """``"a":1,"b":2``: the members of an object without its braces. The template has the braces."""
    return msgspec.json.encode(fields)[1:-1]
