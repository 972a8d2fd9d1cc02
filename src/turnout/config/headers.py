"""What an HTTP header can hold (RFC 9110, 5.1 and 5.5)."""

from __future__ import annotations

import re

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*\Z")


def is_header_name(text: str) -> bool:
    return _NAME.match(text) is not None


def is_header_value(text: str) -> bool:
    """Blanks around it don't count. They are trimmed."""
    return _VALUE.match(text.strip()) is not None


def is_sendable_key(key: str) -> bool:
    """Whether a key can be sent in a header. Keys are printable ASCII everywhere."""
    return key.isascii() and key.isprintable()
