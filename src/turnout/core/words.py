"""A provider's own words, as they may be told to clients and written into logs."""

from __future__ import annotations

from typing import Final

_MOST: Final = 2000
_LONGEST_REPLY: Final = 500
_EXCERPT: Final = 200


def plain(text: str) -> str:
    """In one line, without control characters, and not endless."""
    text = text[:_MOST]
    if text.isprintable():
        return text
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def words_of(body: bytes) -> str:
    """What an error reply says that isn't of the provider's wire: a proxy's, perhaps. Empty if it says nothing."""
    return plain(body[:_LONGEST_REPLY].decode("utf-8", "replace")).strip()


def excerpt(data: bytes) -> str:
    """How unreadable bytes begin, escaped: for the log at level ``debug`` alone, as they may be anybody's."""
    return ascii(data[:_EXCERPT])[1:]
