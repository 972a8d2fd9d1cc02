"""Makes a provider's text safe to show to clients and in logs."""

from __future__ import annotations

from typing import Final

_LONGEST_LINE: Final = 2000
_LONGEST_REPLY: Final = 500
_EXCERPT: Final = 200


def printable_line(text: str) -> str:
    """``text`` in one line, without control characters, cut to a bounded length."""
    text = text[:_LONGEST_LINE]
    if text.isprintable():
        return text
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def printable_body(body: bytes) -> str:
    """The text of an error reply that isn't in the wire's form, such as a proxy's page. Empty without text."""
    return printable_line(body[:_LONGEST_REPLY].decode("utf-8", "replace")).strip()


def excerpt(data: bytes) -> str:
    """The beginning of unreadable bytes, escaped. The bytes may hold anything, so it is only logged at ``debug``."""
    return ascii(data[:_EXCERPT])[1:]
