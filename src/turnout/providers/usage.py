"""Puts together the counts of tokens that a stream tells in several pieces."""

from __future__ import annotations

import msgspec

from turnout.core import Usage, UsageSoFar

_COUNTS = tuple(name for name in Usage.__struct_fields__ if name != "source")


class UsageCount:
    """``told`` is the usage that one reply has told so far."""

    def __init__(self) -> None:
        self.told: Usage | None = None

    def add(self, usage: Usage) -> UsageSoFar:
        self.told = _completed(usage, self.told)
        return UsageSoFar(self.told)


def _completed(usage: Usage, earlier: Usage | None) -> Usage:
    """``usage`` with the counts that only an ``earlier`` piece told."""
    if earlier is None or (usage.input and usage.output):
        return usage  # as nearly always
    told = {name: getattr(usage, name) or getattr(earlier, name) for name in _COUNTS}
    return msgspec.structs.replace(usage, **told)
