"""Headers that are lists: several lines of one name, or several places that set it, mean one list (RFC 9110, 5.3)."""

from __future__ import annotations


def joined(*values: str) -> str:
    """One value of all members, in their order, each once."""
    members = [member.strip() for value in values for member in value.split(",")]
    return ",".join(dict.fromkeys(member for member in members if member))
