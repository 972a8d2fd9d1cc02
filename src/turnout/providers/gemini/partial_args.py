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

from . import wire

_SEGMENT = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]""")
_ESCAPED = re.compile(r"\\(.)")
_LONGEST_GAP = 1000  # array places a path may skip: a wild index must not fill the memory


class PartialArgs:
    """Puts the pieces together; ``text`` is then the arguments' JSON, with keys in the order they first came."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}

    def add(self, piece: wire.PartialArg) -> None:
        steps = _path(piece.json_path)
        place: Any = self._root
        for step, following in pairwise(steps):
            place = _entered(place, step, following)
        last = steps[-1]
        if piece.string_value is None:
            _put(place, last, _whole(piece))
            return
        before = _get(place, last)
        _put(place, last, before + piece.string_value if isinstance(before, str) else piece.string_value)

    def text(self) -> str:
        return msgspec.json.encode(self._root).decode()


def _path(path: str) -> list[str | int]:
    """``$.items[0]['a b']`` → ``["items", 0, "a b"]``"""
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and at < len(path) and (found := _SEGMENT.match(path, at)):
        name, number, single, double = found.groups()
        quoted = single if single is not None else double
        steps.append(int(number) if number else name or _ESCAPED.sub(r"\1", quoted or ""))
        at = found.end()
    if at != len(path) or not steps or isinstance(steps[0], int):
        raise UpstreamBroken(f"The provider sent a tool call argument with a path that can't be read: {path[:200]!r}.")
    return steps


def _entered(place: Any, step: str | int, following: str | int) -> Any:
    """The object or array at ``step``, made if it isn't there yet."""
    found = _get(place, step)
    if not isinstance(found, dict | list):
        found = [] if isinstance(following, int) else {}
        _put(place, step, found)
    return found


def _get(place: Any, step: str | int) -> Any:
    if isinstance(place, list):
        return place[step] if isinstance(step, int) and step < len(place) else None
    return place.get(step)


def _put(place: Any, step: str | int, value: Any) -> None:
    if isinstance(place, dict) and isinstance(step, str):
        place[step] = value
    elif isinstance(place, list) and isinstance(step, int) and step - len(place) < _LONGEST_GAP:
        place.extend([None] * (step + 1 - len(place)))
        place[step] = value
    else:
        raise UpstreamBroken(f"The provider sent a tool call argument that has no place at {step!r}.")


def _whole(piece: wire.PartialArg) -> Raw | bool | None:
    """A number keeps the digits it came with."""
    return piece.number_value if bytes(piece.number_value) else piece.bool_value
