"""Finds the dialect's endpoint that a path belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from turnout.dialects import Dialect, Endpoint

_MODEL = "{model}"


class Match(NamedTuple):
    """``model`` is the model's name in the path. Empty when the path has none."""

    dialect: Dialect
    endpoint: Endpoint[Any, Any]
    model: str = ""


class _Pattern(NamedTuple):
    before: str
    after: str
    dialect: Dialect
    endpoint: Endpoint[Any, Any]


class Endpoints:
    """Finds a plain path by one look-up. Compares the few patterns with a model's name one by one, longest first."""

    def __init__(self, dialects: Iterable[Dialect]) -> None:
        self._plain: dict[str, Match] = {}
        patterns: list[_Pattern] = []
        for path, dialect, endpoint in paths_of(dialects):
            if _MODEL in path:
                before, _, after = path.partition(_MODEL)
                patterns.append(_Pattern(before, after, dialect, endpoint))
            else:
                self._plain[path] = Match(dialect, endpoint)
        self._patterns = sorted(patterns, key=lambda pattern: -len(pattern.before) - len(pattern.after))

    def find(self, path: str) -> Match | None:
        return self._plain.get(path) or self._find_pattern(path)

    def _find_pattern(self, path: str) -> Match | None:
        for before, after, dialect, endpoint in self._patterns:
            if path.startswith(before) and path.endswith(after):
                model = path[len(before) : len(path) - len(after)]
                if model:
                    return Match(dialect, endpoint, model)
        return None


def paths_of(dialects: Iterable[Dialect]) -> Iterator[tuple[str, Dialect, Endpoint[Any, Any]]]:
    """Every path with its dialect and its endpoint."""
    for dialect in dialects:
        for endpoint in dialect.endpoints:
            for path in endpoint.paths:
                yield path, dialect, endpoint
