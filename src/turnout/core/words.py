"""A provider's own text, in the form that clients and logs may get."""

from __future__ import annotations

from typing import Final

_MOST: Final = 2000
_LONGEST_REPLY: Final = 500
_EXCERPT: Final = 200


def plain(text: str) -> str:
    """``text`` in one line, without control characters, cut to a bounded length."""
    text = text[:_MOST]
    if text.isprintable():
        return text
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def words_of(body: bytes) -> str:
    """The text of an error reply in another form than the wire's, such as a proxy's. Empty without text."""
    return plain(body[:_LONGEST_REPLY].decode("utf-8", "replace")).strip()


def excerpt(data: bytes) -> str:
    """The beginning of unreadable bytes, escaped. Only for the log at level ``debug``: the bytes may hold anything."""
    return ascii(data[:_EXCERPT])[1:]
