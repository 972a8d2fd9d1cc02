"""What Qdrant's client raises, as errors of Turnout's."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

import msgspec

from turnout.errors import Conflict, InvalidRequest, NotFound, TurnoutError, VectorsUnavailable

_LONGEST_WORDS: Final = 300
_NOT_FOUND: Final = re.compile("Collection .* not found")
"""Of the client without a server (``_get_collection`` in its ``qdrant_local.py``)."""


def explained(error: Exception) -> TurnoutError | None:
    """None for a defect. The address of the server stays out: it is for the log."""
    from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        return _of_status(error.status_code or 0, error.content)
    if isinstance(error, ApiException):
        return VectorsUnavailable("Qdrant can't be reached, or doesn't answer. Try again in a moment.")
    if isinstance(error, sqlite3.Error | OSError):
        return VectorsUnavailable(f"The folder of the vectors can't be read or written: {error}.")
    if isinstance(error, ValueError) and _NOT_FOUND.fullmatch(str(error)):
        return NotFound(str(error))
    if isinstance(error, ValueError):  # how the client itself refuses what a server would refuse
        return InvalidRequest(f"Qdrant refuses this: {str(error)[:_LONGEST_WORDS]}")
    return None


def _of_status(status: int, body: bytes) -> TurnoutError:
    words = _words(body)
    if status == 404:
        return NotFound(f"Qdrant doesn't find this: {words}")
    if status == 409:
        return Conflict(f"Qdrant refuses this: {words}")
    if status in (401, 403):
        return VectorsUnavailable("Qdrant refuses Turnout's key. Set QDRANT_API_KEY.")
    if 400 <= status < 500 and status != 429:
        return InvalidRequest(f"Qdrant refuses this: {words}")
    return VectorsUnavailable(f"Qdrant answers with status {status}: {words}")


def _words(body: bytes) -> str:
    """``{"status": {"error": "…"}}`` (https://api.qdrant.tech/api-reference)."""
    try:
        told = msgspec.json.decode(body, type=dict)
        words = str(told["status"]["error"])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
        words = body.decode(errors="replace")
    return words[:_LONGEST_WORDS]
