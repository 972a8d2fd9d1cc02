"""The content of a ``compaction`` item, which stands for a conversation and which only its vendor can read
(https://developers.openai.com/api/docs/guides/compaction)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Final

from turnout.simulator.answer import signature
from turnout.simulator.refused import Refused

NOT_VERIFIED: Final = "The encrypted content could not be verified."


def closed(summary: str) -> str:
    return f"{b64encode(summary.encode()).decode()}.{signature(summary)}"


def opened(content: str | None) -> str:
    """Raises ``Refused`` for what the simulator didn't write."""
    encoded, _, signed = (content or "").partition(".")
    try:
        summary = b64decode(encoded, validate=True).decode()
    except ValueError as error:
        raise Refused(400, NOT_VERIFIED, param="input") from error
    if signed != signature(summary):
        raise Refused(400, NOT_VERIFIED, param="input")
    return summary
