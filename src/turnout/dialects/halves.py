"""Halves of a surrogate pair in JSON. A text that was cut inside an emoji has one (``"\\ud83d"``).

The grammar allows it (https://www.rfc-editor.org/rfc/rfc8259#section-8.2), but no decoder here reads it. JavaScript and
Python write it without a complaint.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(?P<low>\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u[dD][c-fC-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)
_REPLACEMENT = b"\\ufffd"
_LONGEST_OTHER = 2  # bytes of an escape that is no surrogate


def without_halves(body: bytes) -> bytes:
    """``body`` with U+FFFD in place of each half; ``body`` itself if it has none."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    mended = _ESCAPE.sub(_mended, body)
    return body if mended == body else mended


def _mended(escape: re.Match[bytes]) -> bytes:
    is_half = len(escape[0]) > _LONGEST_OTHER and escape["low"] is None
    return _REPLACEMENT if is_half else escape[0]
