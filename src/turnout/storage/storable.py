"""Texts that every database can hold. Without SQLAlchemy, whose import takes 0.6 s.

Postgres refuses U+0000, and no database takes half a surrogate pair (``"\\ud800"``). Clients and providers send both.
"""

from __future__ import annotations


def storable(text: str) -> str:
    """``text`` with U+FFFD in the place of every character that can't be stored."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text
