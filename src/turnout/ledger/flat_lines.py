"""The lines of ended attempts as older versions wrote them: ``=`` and one flat array of the start, the end, the usage.

Only a journal that an older version left behind has such lines. They are rewritten into the array of today's lines.
"""

from __future__ import annotations

from typing import Any

import msgspec

FLAT_ENDED = b"="

_START_FIELDS = 12
_DEFAULTS = (None,) * 16 + ("chat", None, 0, 0, 0, 0)
"""Of the fields after the start. Fields at the end of a line that had their defaults were left out."""

_decode_array = msgspec.json.Decoder(list[Any]).decode
_decode_texts = msgspec.json.Decoder(list[str]).decode


def read_flat_line(line: bytes) -> list[Any]:
    """``[start, end]`` as two arrays. Raises ``msgspec.DecodeError`` and ``UnicodeDecodeError``; checks no types."""
    values = _decode_array(line.removeprefix(FLAT_ENDED))
    start, rest = values[:_START_FIELDS], values[_START_FIELDS:]
    rest += _DEFAULTS[len(rest) :]
    outcome, status, queue, first_token, total, cost, price_version, finish, error_code, error = rest[:10]
    usage = _usage(*rest[10:16], *rest[18:22])
    operation, changes = rest[16], _decode_texts(rest[17]) if isinstance(rest[17], str) else rest[17] or []
    end = [*start[:1], outcome, status, queue, first_token, total, usage, cost, price_version, operation, changes]
    return [start, [*end, finish, error_code, error]]


def _usage(*values: Any) -> dict[str, Any] | None:
    names = ("input", "output", "cached_input", "cache_write", "reasoning", "source")
    media = ("audio_input", "audio_output", "image_input", "image_output")
    usage = {name: value for name, value in zip(names + media, values, strict=True) if value is not None}
    return usage if "source" in usage else None
