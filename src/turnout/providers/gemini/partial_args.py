"""Joins a tool call's arguments that come in pieces, each with the path of its place.

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
_MOST_SKIPPED = 1000  # array items that all paths together may skip, so that wild indexes can't fill the memory
_DEEPEST = 100  # steps of a path


class PartialArgs:
    """Joins the pieces. ``text`` gives the arguments' JSON, with keys in the order in which they came."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._may_skip = _MOST_SKIPPED

    def add(self, piece: wire.PartialArg) -> None:
        steps = _path(piece.json_path)
        place: Any = self._root
        for step, following in pairwise(steps):
            place = self._child(place, step, following)
        last = steps[-1]
        if piece.string_value is None:
            self._put(place, last, _whole_value(piece))
            return
        before = _get(place, last)
        self._put(place, last, before + piece.string_value if isinstance(before, str) else piece.string_value)

    def text(self) -> str:
        return msgspec.json.encode(self._root).decode()

    def _child(self, place: Any, step: str | int, following: str | int) -> Any:
        """The object or array at ``step``; a new one if there is none. ``following`` is the step after it."""
        child = _get(place, step)
        if not isinstance(child, dict | list):
            child = [] if isinstance(following, int) else {}
            self._put(place, step, child)
        return child

    def _put(self, place: Any, step: str | int, value: Any) -> None:
        if isinstance(place, dict) and isinstance(step, str):
            place[step] = value
        elif isinstance(place, list) and isinstance(step, int) and step - len(place) <= self._may_skip:
            skipped = max(0, step - len(place))
            self._may_skip -= skipped
            place.extend([None] * (step + 1 - len(place)))
            place[step] = value
        else:
            raise UpstreamBroken("The provider sent a tool call argument that has no place.")


def _path(path: str) -> list[str | int]:
    """``$.items[0]['a b']`` → ``["items", 0, "a b"]``"""
    steps: list[str | int] = []
    at = 1
    while path.startswith("$") and at < len(path) and (segment := _SEGMENT.match(path, at)):
        name, number, single, double = segment.groups()
        quoted = single if single is not None else double
        steps.append(int(number) if number else name or _ESCAPED.sub(r"\1", quoted or ""))
        at = segment.end()
    if at != len(path) or not steps or isinstance(steps[0], int) or len(steps) > _DEEPEST:
        raise UpstreamBroken("The provider sent a tool call argument with a path that can't be read.")
    return steps


def _get(place: Any, step: str | int) -> Any:
    if isinstance(place, list):
        return place[step] if isinstance(step, int) and step < len(place) else None
    return place.get(step)


def _whole_value(piece: wire.PartialArg) -> Raw | bool | None:
    """The value of a piece that isn't a string. A number stays JSON, so that it keeps its digits."""
    return piece.number_value if bytes(piece.number_value) else piece.bool_value
