"""Tries one mutation after the other."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from random import Random

from tests.fuzz.targets import Target

MOST_FAILURES = 20


def attempt(found: list[Target], seed: int, number: int) -> None:
    """Each target has its turn, with its own source of chance: the same for the same seed and number."""
    found[number % len(found)].once(Random(f"{seed}/{number}"))  # noqa: S311 - chance, not secrecy


def run(found: list[Target], seed: int, deadline: float, say: Callable[[str], None]) -> int:
    """Until ``deadline``, in monotonic seconds. How many kinds of failures there were; each is told once."""
    failures: dict[str, int] = {}
    number = 0
    while time.monotonic() < deadline and len(failures) < MOST_FAILURES:
        try:
            attempt(found, seed, number)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            kind = _kind(error)
            if kind not in failures:
                say(f"\n--- try {number} of seed {seed}: {found[number % len(found)].name}")
                say("".join(traceback.format_exception(error, limit=-6)))
            failures[kind] = failures.get(kind, 0) + 1
        number += 1
    say(f"{number:,} tries, {len(failures)} kinds of failures: {failures or 'none'}")
    return len(failures)


def _kind(error: Exception) -> str:
    """Where it came from, and what it says before the particulars."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {place.filename}:{place.lineno}: {str(error).partition(':')[0][:60]}"
