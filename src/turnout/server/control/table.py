"""Every route of both planes by its path: its methods, and the key that each method needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from turnout.errors import ConfigError
from turnout.server.access import Need
from turnout.server.endpoints import Endpoints

_PARAMETER = re.compile(r"\{\w+(:path)?\}")
_ANYTHING, _ANY_SEGMENT = ".*[^/]", "[^/]+"

Needs = Mapping[str, Need]  # by method


class _Pattern(NamedTuple):
    regex: re.Pattern[str]
    needs: dict[str, Need]


class Table:
    """Raises ``ValueError`` for a route without a declared need, and for a declared route that doesn't exist.

    So no route is open by oversight. A path that the table doesn't have is 404.
    """

    def __init__(self, routes: Iterable[BaseRoute], needs: Mapping[str, Need], endpoints: Endpoints) -> None:
        if mismatched := _names_of(routes) ^ needs.keys():
            raise ValueError(
                f"routes without a declared need, or declared and not there: {', '.join(sorted(mismatched))}"
            )
        self._endpoints = endpoints
        self._plain: dict[str, dict[str, Need]] = {}
        patterns: dict[str, dict[str, Need]] = {}
        for name, need in needs.items():
            method, _, path = name.partition(" ")
            (patterns if "{" in path else self._plain).setdefault(path, {})[method] = need
        self._patterns = [_Pattern(_regex(path), methods) for path, methods in patterns.items()]

    def needs(self, path: str) -> Needs:
        """The control plane's methods at ``path``, each with its need."""
        if methods := self._plain.get(path):
            return methods
        return next((needs for regex, needs in self._patterns if regex.fullmatch(path)), {})

    def methods(self, path: str) -> list[str]:
        """All methods of ``path`` in both planes. Empty for an unknown path."""
        methods = {*self.needs(path)}
        if self._endpoints.find(path) is not None:
            methods.add("POST")
        if "GET" in methods:
            methods.add("HEAD")
        return sorted(methods | {"OPTIONS"}) if methods else []

    def existing_path(self, path: str) -> str | None:
        """The existing path that an unknown one is a variant of.

        A variant has doubled or trailing slashes, or ``/v1`` twice or not at all.
        """
        plain = "/" + "/".join([segment for segment in path.split("/") if segment])
        guesses = [plain, f"/v1{plain}"]
        if plain.startswith("/v1/"):
            guesses.append(plain.removeprefix("/v1"))
        return next((guess for guess in guesses if self.methods(guess)), None)


def refuse_clashes(needs: Iterable[str], endpoints: Endpoints) -> None:
    """Raises ``ConfigError`` for a dialect that takes a path of the control plane, as one of a plug-in may.

    The path would be answered by a model, and what the route needs would not be asked for.
    """
    for name in needs:
        method, _, path = name.partition(" ")
        match = endpoints.find(path) if method == "POST" else None
        if match is not None:
            raise ConfigError(
                f"The dialect '{match.dialect.name}' takes POST {path}, which is a route of Turnout's own. "
                "Upgrade or uninstall the package that brings the dialect."
            )


def _names_of(routes: Iterable[BaseRoute]) -> set[str]:
    """``GET /v1/models``, … HEAD isn't listed: every GET route has it."""
    names: set[str] = set()
    for route in iter_route_contexts(list(routes)):
        if not route.methods:  # a WebSocket, a mounted app
            raise ValueError(f"a route of a kind that no need can be declared for: {route.path}")
        names |= {f"{method} {route.path}" for method in route.methods - {"HEAD"}}
    return names


def _regex(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)[::2]
    wildcards = [_ANYTHING if match[1] else _ANY_SEGMENT for match in _PARAMETER.finditer(path)]
    regex = re.escape(parts[0])
    for wildcard, part in zip(wildcards, parts[1:], strict=True):
        regex += wildcard + re.escape(part)
    return re.compile(regex, re.DOTALL)
