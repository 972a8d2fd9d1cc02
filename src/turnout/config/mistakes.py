"""A mistake in the configuration: its place and what was expected. It never quotes the value: that can be a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from turnout.errors import ConfigError

KeyPath = tuple[str | int, ...]
MAX_SHOWN = 20  # mistakes in one message

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NAME = re.compile(r"[\w.:/@+*-]{1,128}\Z")


def below(*path: str | int) -> Callable[[str], KeyPath]:
    """Gives the path of each key of the mapping at ``path``."""
    return lambda key: (*path, key)


class Mistake(NamedTuple):
    """``line`` counts from 1. 0: the mistake has no line."""

    file: str
    line: int
    path: KeyPath
    problem: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {key_text(self.path)}: {self.problem}" if self.path else f"{place}: {self.problem}"


def key_text(path: KeyPath) -> str:
    """``models.fast.deployments[0]``. A key that doesn't look like a name isn't shown: it can be a secret."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _WORD.match(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]' if _NAME.match(step) else '["…"]'
    return text


def suggestion(text: object, names: Sequence[str]) -> str:
    """``; did you mean 'weight'?``, or nothing when no name is similar. Case doesn't matter."""
    by_lower = {name.lower(): name for name in names}
    close = get_close_matches(text.lower(), list(by_lower), n=1) if isinstance(text, str) else ()
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def raise_any(mistakes: Sequence[Mistake]) -> None:
    """Raises ``ConfigError`` with one line for each mistake. Does nothing when there is no mistake."""
    if mistakes:
        fail(*mistakes)


def fail(*mistakes: Mistake) -> NoReturn:
    lines = [str(mistake) for mistake in mistakes[:MAX_SHOWN]]
    if len(mistakes) > MAX_SHOWN:
        lines.append(f"and {len(mistakes) - MAX_SHOWN} more")
    raise ConfigError("\n".join(lines))
