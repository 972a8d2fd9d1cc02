"""A tool call's arguments that come in pieces, each with the path of the place it belongs to.

https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Raw

from turnout.errors import UpstreamBroken

from . import gemini_wire as wire

_SEGMENT = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]""")
_ESCAPED = re.compile(r"\\(.)")
_MOST_SKIPPED = 1000  # array places that all paths may skip: wild indexes must not fill the memory
_DEEPEST = 100


class PartialArgs:
    """Puts the pieces together; ``text`` is then the arguments' JSON, with keys in the order they first came."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._room = _MOST_SKIPPED

    def add(self, piece: wire.PartialArg) -> None:
        steps = _path(piece.json_path)
        place: Any = self._root
        for step, following in pairwise(steps):
            place = self._entered(place, step, following)
        last = steps[-1]
        if piece.string_value is None:
            self._put(place, last, _whole(piece))
            return
        before = _get(place, last)
        self._put(place, last, before + piece.string_value if isinstance(before, str) else piece.string_value)

    def text(self) -> str:
        return msgspec.json.encode(self._root).decode()

    def _entered(self, place: Any, step: str | int, following: str | int) -> Any:
        """The object or array at ``step``, made if it isn't there yet."""
        found = _get(place, step)
        if not isinstance(found, dict | list):
            found = [] if isinstance(following, int) else {}
            self._put(place, step, found)
        return found

    def _put(self, place: Any, step: str | int, value: Any) -> None:
        if isinstance(place, dict) and isinstance(step, str):
            place[step] = value
        elif isinstance(place, list) and isinstance(step, int) and step - len(place) <= self._room:
            skipped = max(0, step - len(place))
            self._room -= skipped
            place.extend([None] * (step + 1 - len(place)))
            place[step] = value
        else:
            raise UpstreamBroken("The provider sent a tool call argument that has no place.")


def _path(path: str) -> list[str | int]:
    """``$.items[0]['a b']`` → ``["items", 0, "a b"]``"""
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and at < len(path) and (found := _SEGMENT.match(path, at)):
        name, number, single, double = found.groups()
        quoted = single if single is not None else double
        steps.append(int(number) if number else name or _ESCAPED.sub(r"\1", quoted or ""))
        at = found.end()
    if at != len(path) or not steps or isinstance(steps[0], int) or len(steps) > _DEEPEST:
        raise UpstreamBroken("The provider sent a tool call argument with a path that can't be read.")
    return steps


def _get(place: Any, step: str | int) -> Any:
    if isinstance(place, list):
        return place[step] if isinstance(step, int) and step < len(place) else None
    return place.get(step)


def _whole(piece: wire.PartialArg) -> Raw | bool | None:
    """A number keeps the digits it came with."""
    return piece.number_value if bytes(piece.number_value) else piece.bool_value
