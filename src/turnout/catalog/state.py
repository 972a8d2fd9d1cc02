"""The state that a catalog reports."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from turnout.config import Settings

from .discovery import Finding

_FIXED_AT_START = ("server", "log", "media", "health", "ledger", "prices", "cache", "data_dir")
"""Sections of the file that are read once, when the process starts."""


class CatalogState(msgspec.Struct, frozen=True, kw_only=True):
    """For ``/health`` and ``turnout doctor``. ``ok`` is False while the files can't be used and older settings run.

    ``loaded`` is a Unix time in seconds. ``prices`` is the price book's version. ``problems`` hold no secrets.
    """

    ok: bool
    files: tuple[str, ...]
    loaded: int
    error: str | None
    problems: tuple[str, ...]
    models: int
    keys: int
    auth_required: bool
    prices: str
    discovery: tuple[Finding, ...]


def pending_restarts(at_start: Settings, now: Settings) -> Iterator[str]:
    """A problem for each changed section that takes effect after a restart."""
    for section in _FIXED_AT_START:
        if getattr(now, section) != getattr(at_start, section):
            yield f"the change of '{section}' takes effect after a restart"
