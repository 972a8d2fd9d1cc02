"""How long answers get: the 95th percentile of the last answers that a key got from a model."""

from __future__ import annotations

from collections import deque
from typing import Final

_KEPT: Final = 100
_ENOUGH: Final = 20
"""Answers after which their percentile counts."""

_SHARE: Final = 0.95
_EVERY: Final = 25
"""Answers after which the percentile is worked out anew."""

_MOST: Final = 10_000
"""Keys with a model that are remembered; then the one that came first goes."""

UNKNOWN: Final = 4096
"""Tokens that are expected where neither the request nor the model sets a smaller limit, and little has been seen."""


class _Answers:
    __slots__ = ("lengths", "percentile", "since")

    def __init__(self) -> None:
        self.lengths: deque[int] = deque(maxlen=_KEPT)
        self.percentile: int | None = None
        self.since = 0

    def add(self, tokens: int) -> None:
        self.lengths.append(tokens)
        self.since += 1
        if len(self.lengths) >= _ENOUGH and (self.percentile is None or self.since >= _EVERY):
            self.percentile = sorted(self.lengths)[int(len(self.lengths) * _SHARE)]
            self.since = 0


class ExpectedOutput:
    """In tokens. One for each process."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], _Answers] = {}

    def learned(self, key_id: str, model: str) -> int | None:
        """None as long as little has been seen."""
        answers = self._answers.get((key_id, model))
        return None if answers is None else answers.percentile

    def of(self, key_id: str, model: str, asked: int | None = None, most: int | None = None) -> int:
        """What an answer is expected to have at most: no more than the request's own limit and the model's."""
        learned = self.learned(key_id, model)
        expected = UNKNOWN if learned is None else learned
        if asked is not None and asked < expected:
            expected = asked
        return expected if most is None or most >= expected else most

    def observe(self, key_id: str, model: str, tokens: int) -> None:
        """An answer that came to its end."""
        place = (key_id, model)
        answers = self._answers.get(place)
        if answers is None:
            if len(self._answers) >= _MOST:
                del self._answers[next(iter(self._answers))]
            answers = self._answers[place] = _Answers()
        answers.add(tokens)
