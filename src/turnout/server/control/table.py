"""Every route of both planes by its path: which methods it has, and what each of them needs of who asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from turnout.server.access import Need
from turnout.server.endpoints import Endpoints

_PARAMETER = re.compile(r"\{\w+(:path)?\}")
_ANYTHING, _ANY_SEGMENT = ".*[^/]", "[^/]+"

Needs = Mapping[str, Need]  # by method


class _Pattern(NamedTuple):
    regex: re.Pattern[str]
    needs: dict[str, Need]


class Table:
    """Raises ``ValueError`` for a route whose need isn't declared, and for a declared one that isn't there.

    So nothing is served that nobody thought of: what the table doesn't have is 404.
    """

    def __init__(self, routes: Iterable[BaseRoute], needs: Mapping[str, Need], endpoints: Endpoints) -> None:
        if wrong := _names_of(routes) ^ needs.keys():
            raise ValueError(f"routes without a declared need, or declared and not there: {', '.join(sorted(wrong))}")
        self._endpoints = endpoints
        self._plain: dict[str, dict[str, Need]] = {}
        patterns: dict[str, dict[str, Need]] = {}
        for name, need in needs.items():
            method, _, path = name.partition(" ")
            (patterns if "{" in path else self._plain).setdefault(path, {})[method] = need
        self._patterns = [_Pattern(_regex(path), found) for path, found in patterns.items()]

    def needs(self, path: str) -> Needs:
        """What the control plane has at ``path``."""
        if found := self._plain.get(path):
            return found
        return next((needs for regex, needs in self._patterns if regex.fullmatch(path)), {})

    def methods(self, path: str) -> list[str]:
        """All that can be done at ``path``, in either plane; nothing where there is nothing."""
        found = {*self.needs(path)}
        if self._endpoints.find(path) is not None:
            found.add("POST")
        if "GET" in found:
            found.add("HEAD")
        return sorted(found | {"OPTIONS"}) if found else []

    def meant(self, path: str) -> str | None:
        """The path that must be meant by one that is nowhere: slashes are doubled or trail, ``/v1`` is there twice,
        or missing."""
        plain = "/" + "/".join([segment for segment in path.split("/") if segment])
        guesses = [plain, f"/v1{plain}"]
        if plain.startswith("/v1/"):
            guesses.append(plain.removeprefix("/v1"))
        return next((guess for guess in guesses if self.methods(guess)), None)


def _names_of(routes: Iterable[BaseRoute]) -> set[str]:
    """``GET /v1/models``, …; HEAD comes with GET."""
    names: set[str] = set()
    for route in iter_route_contexts(list(routes)):
        if not route.methods:  # a WebSocket, a mounted app
            raise ValueError(f"a route of a kind that no need can be declared for: {route.path}")
        names |= {f"{method} {route.path}" for method in route.methods - {"HEAD"}}
    return names


def _regex(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)[::2]
    found = [_ANYTHING if match[1] else _ANY_SEGMENT for match in _PARAMETER.finditer(path)]
    regex = re.escape(parts[0])
    for between, part in zip(found, parts[1:], strict=True):
        regex += between + re.escape(part)
    return re.compile(regex, re.DOTALL)
