"""Aliases with a ``*``, each of which stands for many names: ``claude-*``."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from fnmatch import translate


def is_pattern(alias: str) -> bool:
    return "*" in alias


class Patterns:
    """``*`` stands for any number of any characters; all other characters stand for themselves."""

    def __init__(self, aliases: Iterable[str]) -> None:
        patterns = sorted(filter(is_pattern, aliases), key=_weight, reverse=True)
        self._patterns: Sequence[tuple[re.Pattern[str], str]] = [(_compiled(pattern), pattern) for pattern in patterns]

    def match(self, name: str) -> str | None:
        """The pattern for ``name``: of those that match, the one with the most characters beside ``*``."""
        return next((pattern for regex, pattern in self._patterns if regex.match(name)), None)


def _weight(pattern: str) -> int:
    return len(pattern) - pattern.count("*")


def _compiled(pattern: str) -> re.Pattern[str]:
    """fnmatch's expressions never try a place twice, so a long name costs little."""
    return re.compile(translate("*".join(map(glob.escape, pattern.split("*")))))
