"""Remembers the tokens of long texts: every turn of a conversation sends the earlier ones again."""

from __future__ import annotations

from threading import Lock
from typing import Final

_SHORTEST: Final = 200  # characters; a shorter text is counted as quickly as it is looked up
_MOST: Final = 16_384  # texts; each takes about 300 bytes of memory


class Remembered:
    """The latest counts, by a text's hash and length. Threads may share it."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._counts: dict[tuple[object, int, int], float] = {}
        self._lock = Lock()

    def get(self, kind: object, text: str) -> float | None:
        """``kind`` tells how the text was counted."""
        if len(text) < _SHORTEST:
            return None
        with self._lock:
            key = _key(kind, text)
            tokens = self._counts.pop(key, None)
            if tokens is not None:
                self._counts[key] = tokens
            return tokens

    def put(self, kind: object, text: str, tokens: float) -> None:
        if len(text) < _SHORTEST:
            return
        with self._lock:
            self._counts[_key(kind, text)] = tokens
            if len(self._counts) > self._most:
                del self._counts[next(iter(self._counts))]


def _key(kind: object, text: str) -> tuple[object, int, int]:
    """Python's hash of a text can't be foreseen: nobody can make two texts with the same one."""
    return kind, len(text), hash(text)
